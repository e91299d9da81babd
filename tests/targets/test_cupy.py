"""The CuPy target without a GPU: CuPy's own generator makes the source, NVIDIA's compiler takes it."""

from __future__ import annotations

import ast
import ctypes
import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from programs import logsig, softplus

from symact import catalog, targets
from symact.errors import Error
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.compiled import PASSES, CompiledActivation
from symact.kernel.interpret import evaluate
from symact.kernel.store import compiled
from symact.oracle import Oracle
from symact.symbolic.derivatives import derive
from symact.verification import cuda

REASON = cuda.missing()
needs_compiler = pytest.mark.skipif(REASON is not None, reason=str(REASON))


def write(activation: CompiledActivation, folder: Path) -> Path:
    ((path, text),) = targets.generate(activation, "cupy").items()
    assert path == f"cupy/{activation.name}.py"
    file = folder / f"{activation.name}.py"
    file.write_text(text, encoding="utf-8")
    return file


def module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"generated_cupy_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def names(activation: CompiledActivation) -> Iterator[tuple[str, str]]:
    for pass_ in PASSES:
        yield pass_, activation.name if pass_ == "forward" else f"{activation.name}_{pass_}"


@needs_compiler
@pytest.mark.parametrize("name", catalog.names())
def test_every_kernel_of_the_catalogue_compiles(name: str, tmp_path: Path) -> None:
    """Without a warning, for all dtypes, and with no double-precision instruction where none belongs."""
    activation = compiled(catalog.get(name))
    kernels = module(write(activation, tmp_path))
    assert sorted(kernels.__all__) == sorted(function for _, function in names(activation))
    for pass_, function in names(activation):
        for dtype in ("float16", "float32", "float64"):
            source = cuda.source(getattr(kernels, function), dtype, scalars=len(activation.parameters))
            result = cuda.compile_source(source)
            assert result.log == ""
            assert f".entry symact_{name}_{pass_}(" in result.ptx
            assert (".f64" in result.ptx) <= (dtype == "float64")


@needs_compiler
@pytest.mark.parametrize(
    "operation", ["gauss", "erf", "erfc", "erfcx", "tanh", "pow", "min", "max", "floor", "or", "and"]
)
def test_operations_of_the_table_compile(operation: str, tmp_path: Path) -> None:
    """Operations that the catalogue's programs need not contain."""
    from symact.kernel.program import OPERATIONS, Builder

    b = Builder()
    x = b.input("x")
    if operation in ("or", "and"):
        whole = b(operation, b("lt", x, b.const(1)), b("ne", x, b.const(2)))
        value = b("select", whole, b.const("inf"), b.const("nan"))
    else:
        value = b(operation, *[x, b.const("-1/3")][: OPERATIONS[operation].arity])
    kernel = b.kernel("forward", ["x"], [], {"y": value})
    base = logsig()
    activation = CompiledActivation(
        **{**base.__dict__, "programs": {a: {**base.programs[a], "forward": kernel} for a in base.programs}}
    )
    kernels = module(write(activation, tmp_path))
    for dtype in ("float16", "float32", "float64"):
        result = cuda.compile_source(cuda.source(kernels.logsig, dtype))
        assert result.log == ""
        assert (".f64" in result.ptx) <= (dtype == "float64")


@needs_compiler
def test_the_check_sees_what_it_looks_for() -> None:
    """A double literal, an unused variable and a wrong program are found by the same calls."""
    import cupy

    double = cupy.ElementwiseKernel("T x_in", "T y", "y = x_in * 1.5 + 0.1;", "plain")
    assert ".f64" in cuda.compile_source(cuda.source(double, "float32")).ptx
    unused = cupy.ElementwiseKernel("T x_in", "T y", "const T z = x_in; y = x_in;", "unused")
    assert "never referenced" in cuda.compile_source(cuda.source(unused, "float32")).log
    wrong = cupy.ElementwiseKernel("T x_in", "T y", "y = nosuch(x_in);", "wrong")
    with pytest.raises(Error, match="nosuch"):
        cuda.compile_source(cuda.source(wrong, "float32"))


@needs_compiler
def test_integer_arrays_are_refused_by_the_compiler(tmp_path: Path) -> None:
    kernels = module(write(logsig(), tmp_path))
    with pytest.raises(Error, match="logsig takes float16, float32 or float64 arrays"):
        cuda.compile_source(cuda.source(kernels.logsig, "int32"))


@needs_compiler
def test_parameters_are_scalars_of_the_kernel(tmp_path: Path) -> None:
    kernels = module(write(softplus(), tmp_path))
    source = cuda.source(kernels.softplus_backward, "float32", scalars=1)
    assert re.search(r"symact_softplus_backward\([^)]*const T beta_in", source) or "float beta_in" in source


def test_import_without_cupy_says_what_to_install(tmp_path: Path) -> None:
    file = write(logsig(), tmp_path)
    program = f"import sys, runpy; sys.modules['cupy'] = None; runpy.run_path({str(file)!r})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: these kernels need CuPy, which is not installed; for CUDA 12: pip install")


def test_text_of_a_user_stays_text(tmp_path: Path) -> None:
    activation = replace(logsig(), summary='a """\nraise SystemExit\n""" \\', reference='"quoted" \\N{nosuch}"')
    document = ast.get_docstring(ast.parse(write(activation, tmp_path).read_text()))
    assert "raise SystemExit" in str(document)


def test_loading_without_a_device_says_why() -> None:
    target = importlib.import_module("symact.targets.cupy")
    if target.missing() is None:
        pytest.skip("there is a device")
    with pytest.raises(Error, match=r"target cupy cannot run here: (CuPy is not installed|there is no CUDA device)"):
        targets.load(logsig(), "cupy")


class Noted:
    """Stands in for cupy.ElementwiseKernel: keeps what it is made of, and notes what it is called with."""

    def __init__(self, inputs: str, outputs: str, operation: str, name: str, preamble: str) -> None:
        self.inputs = [word.split()[1] for word in inputs.split(", ")]
        self.outputs = [word.split()[1] for word in outputs.split(", ")]
        self.operation, self.name, self.preamble = operation, name, preamble
        self.calls: list[dict[str, object]] = []

    def __call__(self, *values: object) -> None:
        self.calls.append(dict(zip(self.inputs + self.outputs, values, strict=True)))


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in CuPy's place that has NumPy's arrays and `Noted` kernels."""
    cupy = ModuleType("cupy")
    cupy.__dict__.update({**np.__dict__, "ElementwiseKernel": Noted})
    monkeypatch.setitem(sys.modules, "cupy", cupy)


@pytest.mark.usefixtures("stand_in")
def test_loaded_kernels_get_their_arguments_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = importlib.import_module("symact.targets.cupy")
    target = targets.get("cupy")
    kernels = loader.functions(softplus(), target, target.types)
    monkeypatch.setattr(loader, "functions", lambda compiled, target, types: kernels)
    target = targets.get("cupy")
    loaded = loader.load(softplus(), target, target.type("float16", "accurate"))
    x, grad = np.ones(3, np.float16), np.full(3, 2, np.float16)
    result = loaded.backward(x, grad, beta=0.1)
    (call,) = kernels["backward"].calls
    assert list(call) == ["x_in", "grad_y_in", "beta_in", "grad_x"]
    assert (call["x_in"] is x, call["grad_y_in"] is grad, call["grad_x"] is result) == (True, True, True)
    assert call["beta_in"] == float(np.float16(0.1))


#: What CUDA has and the host does not. Beyond 25 the first terms of the asymptotic series are exact in a double.
HOST = """
#include <cmath>
#include <cstddef>
using namespace std;
#define __device__
#define CUDART_INF_F INFINITY
#define CUDART_NAN_F NAN
#define CUDART_INF ((double)INFINITY)
#define CUDART_NAN ((double)NAN)
static double erfcx(double a) {
    const double r = 1 / (2 * a * a);
    return a < 25 ? exp(a * a) * erfc(a) : (1 - r + 3 * r * r - 15 * r * r * r) / (a * 1.7724538509055159);
}
static float erfcx(float a) { return (float)erfcx((double)a); }
"""


def on_host(kernel: Noted, real: str) -> str:
    """The kernel's own text as a C++ function of arrays, the arrays' type being `real`."""
    arrays = [f"const T *{name}_array" for name in kernel.inputs] + [f"T *{name}_array" for name in kernel.outputs]
    elements = [f"const T &{name} = {name}_array[_];" for name in kernel.inputs]
    elements += [f"T &{name} = {name}_array[_];" for name in kernel.outputs]
    return (
        f"namespace {kernel.name}_{real} {{\nstruct float16 {{}};\ntypedef {real} T;\n{kernel.preamble}\n"
        f'extern "C" void {kernel.name}_{real}(size_t size, {", ".join(arrays)}) {{\n'
        f"for (size_t _ = 0; _ < size; ++_) {{\n{' '.join(elements)}\n{kernel.operation}\n}}\n}}\n}}\n"
    )


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler here")
@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("name", catalog.names())
def test_source_means_the_program(name: str, tmp_path: Path) -> None:
    """The text of every kernel, compiled for the host, computes what the program computes, to a few last places."""
    activation = compiled(catalog.get(name))
    kernels = module(write(activation, tmp_path))
    texts = [on_host(getattr(kernels, f), real) for _, f in names(activation) for real in ("float", "double")]
    (tmp_path / "host.cpp").write_text(HOST + "".join(texts))
    command = ["g++", "-O1", "-fPIC", "-shared", "-w", "-o", "host.so", "host.cpp"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    library = ctypes.CDLL(str(tmp_path / "host.so"))
    random = np.random.default_rng(5)
    size = np.concatenate([random.uniform(0, 20, 200), 10.0 ** random.uniform(-30, 30, 100), [0, np.inf, np.nan]])
    for real, dtype, close in (("float", np.float32, 4e-6), ("double", np.float64, 1e-14)):
        x = np.concatenate([size, -size]).astype(dtype)
        values = {"x": x, "grad_y": random.normal(size=x.size).astype(dtype)}
        values |= {p.name: np.full(x.size, float(p.value), dtype) for p in catalog.get(name).parameters}
        for pass_, function in names(activation):
            program = activation.programs[np.dtype(dtype).name][pass_]
            kernel = getattr(kernels, function)
            found = {output: np.empty_like(x) for output, _ in program.outputs}
            arrays = [*(values[i] for i in (*program.inputs, *program.parameters)), *found.values()]
            getattr(library, f"{kernel.name}_{real}")(x.size, *(ctypes.c_void_p(a.ctypes.data) for a in arrays))
            for output, wanted in evaluate(program, values, ARITHMETICS[np.dtype(dtype).name]).items():
                np.testing.assert_allclose(found[output], wanted, rtol=close, atol=close, err_msg=f"{pass_} {real}")
                exact = np.isinf(wanted) | (x == 0)
                np.testing.assert_array_equal(np.signbit(found[output][exact]), np.signbit(wanted[exact]))


@pytest.mark.gpu
@pytest.mark.skipif(importlib.import_module("symact.targets.cupy").missing() is not None, reason="no CUDA device")
@pytest.mark.parametrize("name", catalog.names())
def test_on_a_device_against_the_oracle(name: str) -> None:
    import cupy

    activation = catalog.get(name)
    x = np.linspace(-20, 20, 4001, dtype=np.float32)
    exact = Oracle(derive(activation).function.subs(activation.values)).rounded(x, "float32")
    found = targets.load(compiled(activation), "cupy", "float32").forward(cupy.asarray(x)).get()
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-7)


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed")
def test_import_needs_no_device(tmp_path: Path) -> None:
    file = write(logsig(), tmp_path)
    program = f"import runpy; print(type(runpy.run_path({str(file)!r})['logsig_backward']).__name__)"
    environment = {"PATH": "", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "ElementwiseKernel\n"


@pytest.mark.parametrize("name", catalog.names())
def test_programs_hold_in_pure_float32(name: str) -> None:
    """CUDA evaluates float32 kernels in float32: nothing may overflow or turn to NaN on the way.

    NumPy's functions stand in for CUDA's here, so this is a check of the programs. Where roots may lie, for |x| < 10,
    the error may also be small beside 1. Results at the end of the range, which CUDA flushes to 0 or which are made
    from a number that it flushes, are left out.
    """
    activation = catalog.get(name)
    chosen = compiled(activation)
    derivation = derive(activation)
    random = np.random.default_rng(11)
    size = np.concatenate([random.uniform(0, 20, 200), 10.0 ** random.uniform(-37, 38.5, 300), [0, np.inf, np.nan]])
    x = np.concatenate([size, -size]).astype(np.float32)
    values = {"x": x, **{p.name: float(p.value) for p in activation.parameters}}
    for pass_, branches in (
        ("forward", derivation.function),
        ("derivative", derivation.first),
        ("second_derivative", derivation.second),
    ):
        (found,) = evaluate(chosen.programs["float32"][pass_], values, ARITHMETICS["float32"]).values()
        exact = Oracle(branches.subs(activation.values)).rounded(x, "float32")
        np.testing.assert_array_equal(np.isnan(found), np.isnan(exact))
        np.testing.assert_array_equal(np.isinf(found), np.isinf(exact))
        normal = np.isfinite(exact) & ~(np.abs(exact) < 1e-36)
        error = np.abs(found[normal].astype(np.float64) - exact[normal])
        allowed = np.where(np.abs(x[normal]) < 10, 1e-7, 0) + 1e-6 * np.abs(exact[normal].astype(np.float64))
        assert np.all(error <= allowed), (pass_, x[normal][error > allowed])
