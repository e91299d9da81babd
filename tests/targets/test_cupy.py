"""The CuPy target without a GPU: CuPy's own generator makes the source, NVIDIA's compiler takes it."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
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
from symact.kernel.compiled import CompiledActivation
from symact.kernel.store import compiled
from symact.verification.cuda import nvrtc
from symact.verification.cuda.source import source

REASON = nvrtc.missing()
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
    for pass_ in activation.signatures:
        yield pass_, activation.name if pass_ == "forward" else f"{activation.name}_{pass_}"


@needs_compiler
@pytest.mark.parametrize("name", catalog.names())
def test_a_module_has_a_kernel_a_pass(name: str, tmp_path: Path) -> None:
    """CuPy takes all of them; tests/verification/cuda has what the compiler says to them."""
    activation = compiled(catalog.get(name))
    kernels = module(write(activation, tmp_path))
    assert sorted(kernels.__all__) == sorted(function for _, function in names(activation))
    for pass_, function in names(activation):
        assert f" symact_{name}_{pass_}(" in source(getattr(kernels, function), "float32", 0).body


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
    for dtype in ("bfloat16", "float32", "float64"):
        result = nvrtc.compile_source(source(kernels.logsig, dtype).text)
        assert result.log == ""
        assert (".f64" in result.ptx) <= (dtype == "float64")


@needs_compiler
def test_integer_arrays_are_refused_by_the_compiler(tmp_path: Path) -> None:
    kernels = module(write(logsig(), tmp_path))
    for dtype in ("int16", "int32", "complex64"):
        with pytest.raises(Error, match="logsig takes float16, bfloat16, float32 or float64 arrays"):
            nvrtc.compile_source(source(kernels.logsig, dtype).text)


@needs_compiler
def test_parameters_are_scalars_of_the_kernel(tmp_path: Path) -> None:
    kernels = module(write(softplus(), tmp_path))
    text = source(kernels.softplus_backward, "float32", scalars=1).text
    assert re.search(r"symact_softplus_backward\([^)]*const T beta_in", text) or "float beta_in" in text


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


@pytest.mark.skipif(importlib.util.find_spec("cupy") is None, reason="CuPy is not installed")
def test_import_needs_no_device(tmp_path: Path) -> None:
    file = write(logsig(), tmp_path)
    program = f"import runpy; print(type(runpy.run_path({str(file)!r})['logsig_backward']).__name__)"
    environment = {"PATH": "", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "ElementwiseKernel\n"
