"""The NumPy target: one module to be copied alone, with NumPy's habits, right in every dtype."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import subprocess
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from programs import logistic, logsig, softplus

from symact import catalog, targets
from symact.kernel.arithmetic import ARITHMETICS, USUAL, WRITTEN, ordinary
from symact.kernel.compiled import PASSES, CompiledActivation
from symact.kernel.interpret import evaluate
from symact.kernel.program import Kernel, constant_value
from symact.kernel.store import compiled
from symact.oracle import FORMATS, Oracle
from symact.symbolic.derivatives import derive

pytestmark = pytest.mark.filterwarnings("error")


def module(activation: CompiledActivation, folder: Path) -> ModuleType:
    """The generated module, imported from a file of its own."""
    ((path, text),) = targets.generate(activation, "numpy").items()
    assert path == f"numpy/{activation.name}.py"
    file = folder / f"{activation.name}.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"generated_{activation.name}", file)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("numpy")


@pytest.fixture(scope="module")
def made(folder: Path) -> ModuleType:
    return module(logsig(), folder)


@pytest.fixture(scope="module")
def bent(folder: Path) -> ModuleType:
    return module(softplus(), folder)


def points(dtype: str) -> np.ndarray:
    """Moderate and very small and large numbers of both signs, and the special ones, as a dtype."""
    random = np.random.default_rng(7)
    form = np.finfo(dtype)
    low, high = np.log10(float(form.smallest_subnormal)), np.log10(float(form.max))
    size = np.concatenate([random.uniform(0, 12, 150), 10.0 ** random.uniform(low, high, 150)])
    special = [0.0, np.inf, np.nan, float(form.max), float(form.tiny), float(form.smallest_subnormal), 1.0, 88.7, 745.0]
    both = np.concatenate([size, special])
    return np.concatenate([both, -both]).astype(dtype)


@pytest.mark.parametrize("name", ["arctan", "logsig", "softsign"])
def test_float16_is_correctly_rounded_on_every_input(name: str, folder: Path) -> None:
    activation = catalog.get(name)
    kernels = module(compiled(activation), folder)
    derivation = derive(activation)
    x = np.arange(2**16, dtype=np.uint16).view(np.float16)
    wanted = [
        Oracle(branches.subs(activation.values)).rounded(x, "float16")
        for branches in (derivation.function, derivation.first, derivation.second)
    ]
    found = [getattr(kernels, name + suffix)(x) for suffix in ("", "_derivative", "_second_derivative")]
    found += kernels.__dict__[f"{name}_value_and_derivative"](x)
    for values, exact in zip(found, [*wanted, *wanted[:2]], strict=True):
        np.testing.assert_array_equal(values, exact)
        numbers = ~np.isnan(exact)
        np.testing.assert_array_equal(np.signbit(values[numbers]), np.signbit(exact[numbers]))


@pytest.mark.parametrize("make", [logistic, logsig, softplus])
def test_every_pass_computes_what_its_program_means(make, folder: Path) -> None:  # type: ignore[no-untyped-def]
    activation = make()
    kernels = module(activation, folder)
    x = points("float64")
    values = {"x": x, "grad_y": np.linspace(-3, 3, x.size), **({"beta": 2.5} if activation.parameters else {})}
    keywords = {p.name: values[p.name] for p in activation.parameters}
    for name in PASSES:
        kernel = activation.programs["float64"][name]
        function = getattr(kernels, activation.name + ("" if name == "forward" else f"_{name}"))
        results = function(*(values[i] for i in kernel.inputs), **keywords)
        wanted = evaluate(kernel, values)
        for output, result in zip(wanted, results if len(wanted) > 1 else [results], strict=True):
            # A program is evaluated with symact's own elementary functions, the module with NumPy's: a few last places.
            np.testing.assert_allclose(result, wanted[output], rtol=2e-15, atol=0, strict=True)
            signs = wanted[output] != 0  # NumPy's expm1 keeps the sign of a zero, symact's does not
            np.testing.assert_array_equal(np.signbit(result[signs]), np.signbit(wanted[output][signs]))


def without_short_programs(activation: CompiledActivation) -> CompiledActivation:
    return replace(activation, programs={**activation.programs, **{key: {} for key in USUAL}})


@pytest.mark.parametrize(
    "make", [logistic, logsig, softplus, lambda: without_short_programs(compiled(catalog.get("gelu_tanh")))]
)
def test_fast_functions_compute_what_their_programs_mean_in_float32(make, folder: Path) -> None:  # type: ignore[no-untyped-def]
    """NumPy's exp is within 2.6 ULP and symact's within 1; programs square it and add as much again: 8 ULP."""
    activation = make()
    kernels = module(activation, folder)
    x = np.random.default_rng(1).uniform(-12, 12, 3000).astype(np.float32)
    values = {"x": x, "grad_y": np.linspace(-3, 3, x.size, dtype=np.float32), "beta": 2.5}
    keywords = {p.name: values[p.name] for p in activation.parameters}
    for name in ("forward", "derivative", "value_and_derivative", "backward"):
        kernel = activation.programs["float32"][name]
        function = getattr(kernels, activation.name + ("" if name == "forward" else f"_{name}") + "_fast")
        results = function(*(values[i] for i in kernel.inputs), **keywords)
        wanted = evaluate(kernel, values, ARITHMETICS["float32"])
        for output, result in zip(wanted, results if len(wanted) > 1 else [results], strict=True):
            away = np.abs(wanted[output]) > 0.02  # near a root of f' the last digits of terms that cancel count
            assert away.sum() > 400
            np.testing.assert_allclose(result[away], wanted[output][away], rtol=8 * 2.0**-23, atol=0, strict=True)


@pytest.mark.parametrize("usual", USUAL)
@pytest.mark.parametrize("name", ["silu", "softplus", "mish"])
def test_short_programs_are_used_where_they_hold_and_the_others_elsewhere(name: str, usual: str, folder: Path) -> None:
    """Bit by bit: at the parameters' defaults; at other values the others are used everywhere."""
    activation, arithmetic = compiled(catalog.get(name)), ordinary(usual)
    short, dtype = activation.programs[usual]["forward"], WRITTEN[usual].result
    made = module(activation, folder)
    suffix = "_fast" if arithmetic == "float32" else ""
    function = getattr(made, name + suffix)
    general = getattr(module(without_short_programs(activation), folder), name + suffix)
    x = points(dtype)
    found = function(x)
    with np.errstate(all="ignore"):
        meant = evaluate(short, {"x": x}, WRITTEN[usual])
    outside = meant["outside"] != 0
    assert outside.any()
    assert not outside.all()
    np.testing.assert_array_equal(found[outside], general(x)[outside])
    np.testing.assert_array_equal(found[~outside], meant["y"].astype(dtype)[~outside])
    if arithmetic != "wide":  # there both are rounded to the same numbers
        assert not np.array_equal(found, general(x), equal_nan=True)
    if activation.parameters:
        np.testing.assert_array_equal(function(x, beta=2.5), general(x, beta=2.5))


def test_the_error_of_a_product_with_a_number_is_that_of_the_number_in_float32(folder: Path) -> None:
    """As text it has a few digits, and is another number in float64."""
    made = module(compiled(catalog.get("gelu_tanh")), folder)
    x = np.array([0.1, 1.75, -3.3], np.float32)
    number = np.float32("1.5957692")
    product, error = number * x, np.empty_like(x)
    made._product_error_float32(1.5957692, x, product, error)
    exact = [
        Fraction(float(number)) * Fraction(v) - Fraction(p) for v, p in zip(x.tolist(), product.tolist(), strict=True)
    ]
    assert error.tolist() == [float(e) for e in exact]


@pytest.mark.parametrize("given", ["two arrays", "a square", "a number and an array", "an array and a number"])
def test_the_error_of_a_product_in_float64_is_exact(given: str, folder: Path) -> None:
    """The result may be in an operand's place."""
    made = module(compiled(catalog.get("gelu")), folder)
    random = np.random.default_rng(5)
    x, other = (np.ldexp(random.uniform(1, 2, 1000), random.integers(-200, 200, 1000)) for _ in range(2))
    a, b = {"two arrays": (x, other), "a square": (x, x), "a number and an array": (0.1, x)}.get(given, (x, 0.1))
    product = a * b
    exact = [
        float(Fraction(float(one)) * Fraction(float(two)) - Fraction(value))
        for one, two, value in zip(*np.broadcast_arrays(a, b), product.tolist(), strict=True)
    ]
    made._product_error_float64(a, b, product, x, list(np.empty((5, 1000))))
    assert x.tolist() == exact


def test_float32_stays_float32_where_results_are_rounded_but_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same bits as in float64."""
    made = module(compiled(catalog.get("relu")), folder)
    x = points("float32")
    grad = np.random.default_rng(3).permutation(x)
    wide = made.relu_backward(x.astype(np.float64), grad.astype(np.float64))
    backward, types = made._backward, set()

    def watched(*arrays: np.ndarray) -> None:
        types.add(arrays[0].dtype)
        backward(*arrays)

    monkeypatch.setattr(made, "_backward", watched)
    found = made.relu_backward(x, grad)
    assert types == {np.dtype(np.float32)}
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(found, wide.astype(np.float32), strict=True)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_short_formats_are_computed_in_float64_though_results_are_rounded_but_once(dtype: str, folder: Path) -> None:
    made = module(compiled(catalog.get("relu")), folder)
    format = FORMATS[dtype]
    x = format.encode(np.array([-2.5, -0.0, 0.0, 1.5, 3.0, np.inf, np.nan]))
    wide = made.relu(format.decode(x))
    np.testing.assert_array_equal(format.decode(made.relu(x)), wide)
    np.testing.assert_array_equal(format.decode(made.relu_backward(x, x)), made.relu_backward(wide, wide))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_results_are_rounded_once_into_the_dtype_of_out(dtype: str, folder: Path) -> None:
    """Also where float32 would do for arrays of float32: a parameter has more digits."""
    made = module(compiled(catalog.get("relu")), folder)
    format = FORMATS[dtype]
    slope = module(compiled(catalog.get("leaky_relu")), folder).leaky_relu_derivative
    (left,) = slope(np.full(1, -1, np.float32), out=np.empty(1, format.dtype))
    assert float(left) == format.nearest(Fraction(0.01))
    x, grad = np.full(1000, 1, np.float32), np.random.default_rng(8).uniform(1, 2, 1000).astype(np.float32)
    out = np.empty(1000, format.dtype)
    for wanted, got in [(grad, made.relu(grad, out=out.copy())), (grad, made.relu_backward(x, grad, out=out.copy()))]:
        exact = [format.nearest(Fraction(value)) for value in wanted.tolist()]
        np.testing.assert_array_equal(format.decode(got), exact)
    np.testing.assert_array_equal(format.decode(made.relu_fast(grad, out=out.copy())), exact)


def test_a_number_beside_an_array_is_not_rounded_before_it_counts(folder: Path) -> None:
    made = module(compiled(catalog.get("relu")), folder)
    assert made.relu_backward(np.array([-1, 1], np.float32), 1e300).tolist() == [0, np.inf]
    assert made.relu_backward(1e-50, np.ones(2, np.float32)).tolist() == [1, 1]


def test_functions_that_modules_call_are_no_names_for_activations() -> None:
    """A function of that name would take their place."""
    reserved = targets.get("numpy").reserved
    for activation in (compiled(catalog.get("gelu")), compiled(catalog.get("softplus"))):
        (text,) = targets.generate(activation, "numpy").values()
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        assert names & set(dir(builtins)) <= reserved


def test_fast_functions_take_float32_alone(made: ModuleType) -> None:
    x = np.ones(3, np.float32)
    assert made.logsig_fast(x).dtype == np.float32
    assert type(made.logsig_fast(np.float32(1))) is np.float32
    assert np.array_equal(made.logsig_backward_fast(x, 2.0), 2 * made.logsig_derivative_fast(x))
    for bad in (1.0, [1, 2], x.astype(np.float64), x.astype(np.float16), x.astype(FORMATS["bfloat16"].dtype)):
        with pytest.raises(TypeError, match="the fast functions of logsig take arrays of float32, not of"):
            made.logsig_fast(bad)


def test_second_operands_of_minima_are_numbers_and_not_0_unless_they_are_only_compared_or_0_is_added() -> None:
    """np.minimum and np.maximum then do what programs mean by min and max, with NaN and with zeros of both signs.

    Where pairs of numbers have overflowed to NaN, what is compared is beyond the end for NumPy, as it should be.
    """

    def adds_0(kernel: Kernel) -> bool:
        last = kernel.instructions[dict(kernel.outputs).get("y", 0)]
        return last.operation == "add" and kernel.instructions[last.operands[1]].value == "0"

    programs = [
        kernel
        for arithmetic in (WRITTEN[name] for type_ in targets.get("numpy").types for name in type_.arithmetics)
        for kernel in [
            *arithmetic.functions.values(),
            *(kernel for entry in catalog.entries() for kernel in compiled(entry).programs[arithmetic.name].values()),
        ]
    ]
    seconds = [
        (kernel, kernel.instructions[step.operands[1]])
        for kernel in programs
        for index, step in enumerate(kernel.instructions)
        if step.operation in ("min", "max")
        and {user.operation for user in kernel.instructions if index in user.operands} != {"lt"}
    ]
    assert len(seconds) > 50
    assert all(second.operation == "const" for _, second in seconds)
    assert all(constant_value(second.value) != 0 or adds_0(kernel) for kernel, second in seconds)


def test_module_needs_numpy_alone(made: ModuleType) -> None:
    """It runs isolated from this project, with nothing but NumPy added to the standard library."""
    program = (
        "import sys, runpy, pkgutil, numpy\n"
        "before = set(sys.modules)\n"
        f"names = runpy.run_path({str(made.__file__)!r})\n"
        "print(sorted(n for n in set(sys.modules) - before if n.split('.')[0] != 'numpy'), names['logsig'](2.0))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[] 0.5234")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype_and_shape_are_kept(made: ModuleType, dtype: str) -> None:
    for shape in [(), (0,), (3,), (2, 0, 4), (3, 4, 5)]:
        x = np.ones(shape, dtype)
        for name in ("logsig", "logsig_derivative", "logsig_second_derivative"):
            result = getattr(made, name)(x)
            assert (result.shape, result.dtype) == (shape, np.dtype(dtype))
        assert made.logsig_backward(x, x).shape == shape
        assert [r.dtype for r in made.logsig_value_and_derivative(x)] == [dtype, dtype]


def test_scalars_give_scalars(made: ModuleType) -> None:
    for x, dtype in [(2, "float64"), (2.0, "float64"), (np.float32(2), "float32"), (np.array(2, "f2"), "float16")]:
        result = made.logsig(x)
        assert type(result) is np.dtype(dtype).type
    assert made.logsig([1, 2]).shape == (2,)


def test_integers_give_float64(made: ModuleType) -> None:
    for dtype in ("bool", "int8", "uint16", "int32", "int64", "uint64"):
        result = made.logsig(np.array([0, 1], dtype))
        assert result.dtype == np.float64
        assert result[1] == made.logsig(1.0)


def test_other_byte_order_gives_native(made: ModuleType) -> None:
    assert made.logsig(np.array([1, 2], ">f4")).dtype == np.dtype("=f4")
    assert np.array_equal(made.logsig(np.array([1, 2], ">f4")), made.logsig(np.array([1, 2], "f4")))


@pytest.mark.parametrize("bad", [1j, "1", None, np.longdouble(1), np.array(["2020"], "M8[Y]")])
def test_other_dtypes_are_errors(made: ModuleType, bad: object) -> None:
    if isinstance(bad, np.longdouble) and np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("long double is double here")
    with pytest.raises(TypeError, match="logsig takes arrays of float16, bfloat16, float32, float64 or integers"):
        made.logsig(bad)


def layouts(dtype: str) -> Iterator[np.ndarray]:
    base = np.linspace(-9, 9, 4 * 6 * 10, dtype=dtype).reshape(4, 6, 10)
    yield base[::2, ::-1, ::3]
    yield base.transpose(2, 0, 1)
    yield np.asfortranarray(base)
    yield np.broadcast_to(base[:1, :, :1], (4, 6, 10))
    unaligned = np.zeros(base.nbytes + 1, np.uint8)[1:].view(dtype).reshape(base.shape)
    unaligned[...] = base
    yield unaligned


#: Functions, and the dtype of the arrays they are tried with.
VARIANTS = [("logsig", "float32"), ("logsig", "float64"), ("logsig_fast", "float32")]


@pytest.mark.parametrize("layout", range(5), ids=["strided", "transposed", "fortran", "broadcast", "unaligned"])
@pytest.mark.parametrize(("name", "dtype"), VARIANTS)
def test_strides_change_nothing(made: ModuleType, name: str, dtype: str, layout: int) -> None:
    function = getattr(made, name)
    x = list(layouts(dtype))[layout]
    wanted = function(np.ascontiguousarray(x))
    assert np.array_equal(function(x), wanted)
    out = np.empty(x.shape[::-1], dtype).T
    assert function(x, out=out) is out
    assert np.array_equal(out, wanted)


@pytest.mark.parametrize(
    ("name", "dtype"), [("softplus", "float32"), ("softplus", "float64"), ("softplus_fast", "float32")]
)
def test_neither_position_nor_length_nor_alignment_changes_a_result(bent: ModuleType, name: str, dtype: str) -> None:
    """Blocks have 2**16 elements of 8 bytes, or 2**17 of 4; two pieces have one more than that."""
    passes = [getattr(bent, name.replace("softplus", "softplus" + pass_)) for pass_ in ("", "_derivative")]
    x = (20 * np.random.default_rng(3).normal(size=300_011)).astype(dtype)
    for function in passes:
        whole = function(x)
        pieces = [function(piece) for piece in np.split(x, [1, 4, 9, 26, 1000, 66_537, 66_540, 197_613, 250_000])]
        assert np.array_equal(np.concatenate(pieces), whole)
        memory = np.zeros(x.nbytes + 1, np.uint8)[1:].view(dtype)
        memory[...] = x
        assert np.array_equal(function(memory), whole)
        assert np.array_equal([function(value) for value in x[65_530:65_550]], whole[65_530:65_550])


@pytest.mark.parametrize(("name", "dtype"), [("mish", "float32"), ("mish", "float64"), ("mish_fast", "float32")])
def test_temporaries_are_as_small_as_blocks(name: str, dtype: str, folder: Path) -> None:
    """A step of a formula on the whole array would take 32 or 64 MB; on a block each takes 512 KB.

    In pairs of numbers up to 42 of them are alive at a time.
    """
    kernels = module(compiled(catalog.get("mish")), folder)
    function = getattr(kernels, name.replace("mish", "mish_derivative"))
    x = np.linspace(-9, 9, 1 << 23, dtype=dtype)
    out = np.empty_like(x)
    tracemalloc.start()
    try:
        function(x, out=out)
        function(out, out=out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 56 * 2**19


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_choices_are_those_of_where(made: ModuleType, dtype: str, share: float) -> None:
    random = np.random.default_rng(11)
    condition = random.random(1000) < share
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan], dtype)
    first, second = random.choice(special, 1000), random.normal(size=1000).astype(dtype)
    t = list(np.empty((3, 1000), dtype))
    for yes, no in [(first, second), (second, first), (first, 0.1), (-0.0, second), (0.0, first), (np.inf, -0.0)]:
        wanted = np.where(condition, np.asarray(yes, dtype), np.asarray(no, dtype))
        for place in range(3):  # of the result: of its own, that of the first operand, that of the second
            operands = [np.copy(value) if np.ndim(value) else value for value in (yes, no)]
            out = [np.empty(1000, dtype), *operands][place]
            if isinstance(out, np.ndarray):
                made._select(condition, *operands, out, t)
                assert np.array_equal(out.view(f"u{out.itemsize}"), wanted.view(f"u{out.itemsize}"))


def test_out(made: ModuleType) -> None:
    x = np.linspace(-2, 2, 5)
    wanted, slope = made.logsig(x), made.logsig_derivative(x)
    out = np.empty(5)
    assert made.logsig(x, out) is out
    assert np.array_equal(out, wanted)
    assert made.logsig(x, out=(out,)) is out
    scalar = np.empty(())
    assert made.logsig(2.0, out=scalar) is scalar
    y, dydx = made.logsig_value_and_derivative(x, out=(None, out))
    assert dydx is out
    assert np.array_equal(y, wanted)
    assert np.array_equal(out, slope)
    narrow = np.empty(5, np.float32)
    assert np.array_equal(made.logsig(x, out=narrow), wanted.astype(np.float32))


def test_in_place_and_overlapping(made: ModuleType) -> None:
    x = np.linspace(-2, 2, 200_000)
    wanted = made.logsig(x)
    same = x.copy()
    made.logsig(same, out=same)
    assert np.array_equal(same, wanted)
    moved = x.copy()
    made.logsig(moved[:-1], out=moved[1:])
    assert np.array_equal(moved[1:], wanted[:-1])
    value = x.copy()
    _, slope = made.logsig_value_and_derivative(value, out=(value, None))
    assert np.array_equal(value, wanted)
    assert np.array_equal(slope, made.logsig_derivative(x))


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.empty(3), ValueError),
        (np.empty((1, 5)), None),
        (np.empty(5, int), TypeError),
        ([0.0] * 5, TypeError),
        ((np.empty(5), np.empty(5)), TypeError),
    ],
)
def test_out_that_does_not_fit(made: ModuleType, out: object, error: type[Exception] | None) -> None:
    x = np.linspace(-2, 2, 5)
    if error is None:
        assert made.logsig(x, out=out).shape == (1, 5)
    else:
        with pytest.raises(error):
            made.logsig(x, out=out)


def test_a_single_array_for_two_results_is_an_error(made: ModuleType) -> None:
    with pytest.raises(TypeError, match="tuple of 2 arrays"):
        made.logsig_value_and_derivative(np.zeros(3), out=np.zeros(3))


def test_read_only_out_stays_as_it_is(made: ModuleType) -> None:
    out = np.zeros(3)
    out.flags.writeable = False
    with pytest.raises(ValueError, match=r"read-?only"):
        made.logsig(np.ones(3), out=out)
    assert not out.any()


def test_backward_broadcasts_and_promotes_like_numpy(made: ModuleType) -> None:
    x = np.linspace(-2, 2, 6, dtype=np.float32).reshape(2, 3)
    slope = made.logsig_derivative(x.astype(np.float64))
    for grad in (2.0, np.ones(3, np.float32), np.ones((4, 1, 3), np.float16)):
        result = made.logsig_backward(x, grad)
        assert result.dtype == np.float32
        assert np.array_equal(result, (slope * grad).astype(np.float32))
    assert made.logsig_backward(x, np.ones((2, 3))).dtype == np.float64


def test_backward_is_rounded_once(made: ModuleType) -> None:
    x = np.linspace(-30, 30, 1001, dtype=np.float16)
    grad = np.linspace(0.1, 7, 1001).astype(np.float16)
    exact = made.logsig_derivative(x.astype(np.float64)) * grad.astype(np.float64)
    assert np.array_equal(made.logsig_backward(x, grad), exact.astype(np.float16))


def test_incoming_gradients_follow_ieee(made: ModuleType) -> None:
    result = made.logsig_backward(np.array([np.inf, np.inf, 1.0]), np.array([np.inf, 1.0, np.nan]))
    assert np.isnan(result[0])
    assert result[1] == 0
    assert np.isnan(result[2])


def test_parameters(bent: ModuleType) -> None:
    x = np.linspace(-3, 3, 7)
    assert np.array_equal(bent.softplus(x), bent.softplus(x, beta=1.0))
    np.testing.assert_allclose(bent.softplus(x, beta=2), np.log1p(np.exp(2 * x)) / 2, rtol=1e-15)
    assert np.array_equal(bent.softplus(x, beta=np.float32(2)), bent.softplus(x, beta=2))
    assert np.isnan(bent.softplus(x, beta=np.nan)).all()
    with pytest.raises(TypeError):
        bent.softplus(x, None, 2.0)
    with pytest.raises(TypeError):
        bent.softplus(x, gamma=2.0)


def test_no_warning_even_where_numpy_would_warn(made: ModuleType, bent: ModuleType) -> None:
    hard = np.array([np.inf, -np.inf, np.nan, 65504, -65504, 1e-7], np.float16)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        for function in (made.logsig, made.logsig_derivative, made.logsig_second_derivative, bent.softplus):
            for dtype in ("float16", "float32", "float64"):
                function(hard.astype(dtype))
        bent.softplus(hard, beta=0.0)


def test_threads_do_not_disturb_each_other(made: ModuleType) -> None:
    arrays = [np.random.default_rng(i).normal(size=40000) for i in range(4)]
    wanted = [made.logsig(a) for a in arrays]
    found: list[np.ndarray | None] = [None] * 4

    def work(i: int) -> None:
        for _ in range(5):
            found[i] = made.logsig(arrays[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(f, w) for f, w in zip(found, wanted, strict=True))


def test_text_of_a_user_stays_text(folder: Path) -> None:
    activation = replace(logsig(), summary='a """\nraise SystemExit\n""" \\', reference='"quoted" \\N{nosuch}"')
    found = module(activation, folder)
    assert "raise SystemExit" in str(found.__doc__)
    assert '"quoted" \\N{nosuch}".' in str(found.__doc__)


def test_loaded_kernels_are_those_of_the_module(bent: ModuleType) -> None:
    assert targets.get("numpy").type("float16", "accurate").arithmetic == "wide"
    x = np.linspace(-3, 3, 7, dtype=np.float32)
    loaded = targets.load(softplus(), "numpy", "float32")
    assert np.array_equal(loaded.forward(x, beta=2), bent.softplus(x, beta=2))
    assert np.array_equal(loaded.backward(x, x), bent.softplus_backward(x, x))
    out = np.empty((2, 7), np.float32)
    loaded.value_and_derivative(x, out=(out[0], out[1]))
    assert np.array_equal(out, np.stack(bent.softplus_value_and_derivative(x)))
    assert np.array_equal(
        loaded.second_derivative(x, out=x), bent.softplus_second_derivative(np.linspace(-3, 3, 7, dtype="f4"))
    )
    x = np.linspace(-3, 3, 7, dtype=np.float32)
    fast = targets.load(softplus(), "numpy", "float32", "fast")
    assert np.array_equal(fast.forward(x, beta=2), bent.softplus_fast(x, beta=2))
    wanted = bent.softplus_backward_fast(x.copy(), x.copy())
    assert np.array_equal(fast.backward(x, x, out=x), wanted)


def test_header_says_what_it_is(made: ModuleType) -> None:
    text = Path(str(made.__file__)).read_text(encoding="utf-8")
    assert text.startswith("# SPDX-License-Identifier: 0BSD\n# Generated by symact")
    assert logsig().digest in text
    assert logsig().definition in str(made.__doc__)
