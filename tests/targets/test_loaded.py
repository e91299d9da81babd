"""Loaded C kernels: any shape and stride, in place, from threads, and one clear sentence for whatever is wrong."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from programs import logistic, logsig, softplus

import symact
from symact import targets
from symact.errors import Error
from symact.targets import c, calls
from symact.targets.loaded import Loaded

pytestmark = pytest.mark.skipif(c.missing() is not None, reason=str(c.missing()))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    c._cache.cache_clear()
    return c._cache()


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def exact(function: Callable[[Any], Any], x: float) -> Any:
    with mpmath.workdps(60):
        return +function(mpmath.mpf(x))


DEFINITIONS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "logistic": (logistic, lambda x: 1 / (1 + mpmath.exp(-x))),
    "logsig": (logsig, lambda x: mpmath.sign(x) * mpmath.log1p(abs(x)) / (1 + mpmath.log1p(abs(x)))),
    "softplus": (softplus, lambda x: mpmath.log1p(mpmath.exp(x))),
}
POINTS = [-700.0, -80.5, -3.25, -1.0, -1e-3, 1e-6, 0.5, 2.0, 17.0, 90.0, 1e4]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_values_and_derivatives_are_the_definitions(name: str, dtype: str) -> None:
    make, definition = DEFINITIONS[name]
    kernel = targets.load(make(), "c", dtype)
    x = np.array(POINTS, dtype)
    bound = 0.55 if dtype == "float32" else 3
    y, dydx = kernel.value_and_derivative(x)
    passes = {
        "forward": (kernel.forward(x), definition),
        "y": (y, definition),
        "derivative": (kernel.derivative(x), lambda t: mpmath.diff(definition, t)),
        "dydx": (dydx, lambda t: mpmath.diff(definition, t)),
        "backward": (kernel.backward(x, np.full_like(x, 3)), lambda t: 3 * mpmath.diff(definition, t)),
    }
    for pass_, (got, function) in passes.items():
        for point, value in zip(x, got, strict=True):
            with mpmath.workdps(700):
                true = function(mpmath.mpf(float(point)))
                spacing = max(
                    mpmath.mpf(2) ** (mpmath.floor(mpmath.log(abs(true), 2)) - (23 if dtype == "float32" else 52)),
                    mpmath.mpf(float(np.finfo(dtype).smallest_subnormal)),
                )
                assert abs(mpmath.mpf(float(value)) - true) <= bound * spacing, (pass_, point)


def test_infinities_nan_and_signed_zeros(dtype: str) -> None:
    x = np.array([-np.inf, -0.0, 0.0, np.inf, np.nan], dtype)
    y = targets.load(logsig(), "c", dtype).forward(x)
    np.testing.assert_array_equal(y, np.array([-1, -0.0, 0, 1, np.nan], dtype))
    assert list(np.signbit(y[1:3])) == [True, False]


SHAPES = [(), (0,), (1,), (7,), (3, 0, 2), (2, 3, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape(shape: tuple[int, ...], dtype: str) -> None:
    kernel = targets.load(logistic(), "c", dtype)
    x = np.linspace(-2, 2, int(np.prod(shape))).reshape(shape).astype(dtype)
    y, dydx = kernel.value_and_derivative(x)
    for array in (y, dydx, kernel.forward(x), kernel.backward(x, x), kernel.second_derivative(x)):
        assert isinstance(array, np.ndarray)
        assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
    np.testing.assert_array_equal(y.ravel(), kernel.forward(x.ravel()))


def strided(x: np.ndarray) -> list[np.ndarray]:
    misaligned = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    misaligned[...] = x
    wide = np.repeat(x, 3, axis=0)
    return [np.asfortranarray(x), wide[::3], x[::-1][::-1], np.flip(np.flip(x).copy()), misaligned]


def test_any_strides_and_alignment(dtype: str) -> None:
    kernel = targets.load(logistic(), "c", dtype)
    x = np.linspace(-3, 3, 35).reshape(5, 7).astype(dtype)
    expected = kernel.forward(x)
    for variant in strided(x):
        np.testing.assert_array_equal(kernel.forward(variant), expected)
        for out in strided(np.zeros_like(x)):
            assert kernel.forward(variant, out=out) is out
            np.testing.assert_array_equal(out, expected)
    row = np.broadcast_to(x[0], (5, 7))
    np.testing.assert_array_equal(kernel.forward(row), np.broadcast_to(expected[0], (5, 7)))


def test_out_may_be_an_input_or_overlap_it(dtype: str) -> None:
    kernel = targets.load(logistic(), "c", dtype)
    start = np.linspace(-3, 3, 100).astype(dtype)
    expected = kernel.forward(start)
    x = start.copy()
    assert kernel.forward(x, out=x) is x
    np.testing.assert_array_equal(x, expected)
    for shift in (1, 3):
        memory = np.concatenate([start, np.zeros(shift, dtype)])
        kernel.forward(memory[:-shift], out=memory[shift:])
        np.testing.assert_array_equal(memory[shift:], expected)
    x = start.copy()
    kernel.forward(x, out=x[::-1])
    np.testing.assert_array_equal(x[::-1], expected)
    gradient = np.ones_like(start)
    kernel.backward(start, gradient, out=gradient)
    np.testing.assert_array_equal(gradient, kernel.derivative(start))
    x = start.copy()
    y, dydx = kernel.value_and_derivative(x, out=(np.empty_like(x), x))
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(dydx, kernel.derivative(start))
    assert dydx is x


def test_parameters_are_keywords_with_the_activations_values_by_default(dtype: str) -> None:
    kernel = targets.load(softplus(), "c", dtype)
    x = np.array([-1.0, 0.5], dtype)
    np.testing.assert_array_equal(kernel.forward(x), kernel.forward(x, beta=1))
    with mpmath.workdps(30):
        for beta in (0.5, 2, 1e30):
            for point, y in zip(x, kernel.forward(x, beta=beta), strict=True):
                true = mpmath.log1p(mpmath.exp(beta * mpmath.mpf(float(point)))) / beta
                assert abs(y - true) <= 2 * float(np.finfo(dtype).eps) * abs(true) + 1e-45


X = np.zeros(3, np.float32)
READ_ONLY = np.zeros(3, np.float32)
READ_ONLY.flags.writeable = False


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f.forward(np.zeros(3)), "softplus was loaded for float32, and the array is float64"),
        (lambda f: f.forward(1.0), "loaded for float32, and the array is float64"),
        (lambda f: f.forward(X.astype(">f4")), "loaded for float32, and the array is >f4"),
        (lambda f: f.forward(np.zeros(3, int)), "the array is int64"),
        (lambda f: f.forward(X, out=np.zeros(3)), "loaded for float32, and out is float64"),
        (lambda f: f.forward(X, out=np.zeros(4, np.float32)), r"out has shape \(4,\), and the result \(3,\)"),
        (lambda f: f.forward(X, out=READ_ONLY), "out is read-only"),
        (lambda f: f.forward(X, out=[0, 0, 0]), "out must be an array, not list"),
        (lambda f: f.value_and_derivative(X, out=X), "out must be a pair of arrays"),
        (lambda f: f.value_and_derivative(X, out=(X, X)), "share memory"),
        (lambda f: f.backward(X, np.zeros(4, np.float32)), r"x has shape \(3,\) and grad_output \(4,\)"),
        (lambda f: f.forward(X, alpha=1), r"softplus has no parameter 'alpha' \(its parameters are beta\)"),
        (lambda f: f.forward(X, beta=0), "beta must be finite and positive, and it is 0"),
        (lambda f: f.forward(X, beta=float("nan")), "beta must be finite and positive, and it is nan"),
        (lambda f: f.forward(X, beta=1e-60), "it is 1e-60, which is 0.0 in float32"),
        (lambda f: f.forward(X, beta=1e60), "it is 1e.60, which is inf in float32"),
        (lambda f: f.forward(X, beta="steep"), "beta must be a number, and 'steep' is not"),
    ],
)
def test_what_does_not_fit_is_one_clear_sentence(call: Callable[[Loaded], Any], message: str) -> None:
    with pytest.raises(Error, match=message):
        call(targets.load(softplus(), "c"))


@pytest.mark.parametrize("dtype", ["float64", np.float64, np.dtype(np.float64), float])
def test_a_dtype_is_a_name_or_numpys(dtype: object) -> None:
    kernels = symact.load("softplus", dtype=dtype)  # type: ignore[arg-type]
    assert kernels.forward(np.zeros(1)).dtype == np.float64
    assert repr(kernels) == "<kernels of softplus for float64, beta=1>"


def test_what_is_no_dtype_is_an_error() -> None:
    with pytest.raises(symact.Error, match=r"3\.5 is no dtype \(give a name, such as 'float32', or NumPy's own\)"):
        symact.load("tanh", dtype=3.5)  # type: ignore[arg-type]


def test_unknown_target_dtype_and_level_list_what_there_is() -> None:
    with pytest.raises(Error, match=r"no target 'rust'.*c"):
        targets.load(logsig(), "rust")
    with pytest.raises(Error, match=r"no dtype 'int8'.*float32, float64"):
        targets.load(logsig(), "c", "int8")
    with pytest.raises(Error, match=r"no level 'sloppy' for float32.*accurate"):
        targets.load(logsig(), "c", level="sloppy")


def test_no_compiler_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    with pytest.raises(Error, match=r"cannot run here: there is no C compiler 'no-such-compiler'.*CC"):
        targets.load(logsig(), "c")
    (found,) = [t for t in targets.available() if t.name == "c"]
    assert found.missing is not None
    assert "no-such-compiler" in found.missing


def test_a_compiler_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-ffast-math")
    with pytest.raises(Error, match=r"the C compiler failed on logsig: .*compile without -ffast-math"):
        targets.load(logsig(), "c")
    monkeypatch.setenv("CFLAGS", "-fno-such-flag")
    with pytest.raises(Error, match=r"the C compiler does not run: .*no-such-flag"):
        targets.load(logsig(), "c")


def test_compiled_once_and_again_when_flags_change(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets.load(logsig(), "c")
    (library,) = cache.iterdir()
    written = library.stat().st_mtime_ns
    targets.load(logsig(), "c")
    assert [p.stat().st_mtime_ns for p in cache.iterdir()] == [written]
    monkeypatch.setenv("CFLAGS", "-O1")
    targets.load(logsig(), "c")
    assert len(list(cache.iterdir())) == 2
    targets.load(logsig(), "c", "float64")
    assert len(list(cache.iterdir())) == 3


def test_a_broken_library_is_named(cache: Path) -> None:
    target = targets.get("c")
    library = c._library(softplus(), target, target.type("float32", "accurate"))
    library.write_bytes(b"no library")
    with pytest.raises(Error, match=f"cannot be loaded: .*delete {library}"):
        targets.load(softplus(), "c")
    library.unlink()
    assert targets.load(softplus(), "c").name == "softplus"
    assert list(cache.iterdir()) == [library]


def test_a_cache_that_cannot_be_written_is_replaced_by_a_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    c._cache.cache_clear()
    assert targets.load(logsig(), "c").forward(X)[0] == 0
    c._cache.cache_clear()


def test_loading_and_calling_from_many_threads(cache: Path) -> None:
    x = np.linspace(-5, 5, 20_001).astype(np.float32)
    expected = 1 / (1 + np.exp(-x.astype(np.float64)))
    start = threading.Barrier(8)
    wrong: list[object] = []

    def work() -> None:
        try:
            start.wait()
            kernel = targets.load(logistic(), "c")
            for _ in range(20):
                if np.abs(kernel.forward(x) - expected).max() > 1e-7:
                    wrong.append("value")
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("level", ["accurate", "fast", "table"])
def test_slices_by_several_threads_are_the_whole_array_bit_for_bit(level: str) -> None:
    kernel = symact.load("gelu", target="c", level=level)
    x = np.linspace(-9, 9, 1 << 20, dtype=np.float32)
    x[::1001] *= np.float32(1e3)
    gradient = np.cos(x)
    parts = [slice(start, start + 65_537) for start in range(0, x.size, 65_537)]
    whole = (*kernel.value_and_derivative(x), kernel.forward(x), kernel.backward(x, gradient))
    y, dydx, alone, grad_x = sliced = [np.full_like(x, np.nan) for _ in whole]

    def work(part: slice) -> None:
        kernel.value_and_derivative(x[part], out=(y[part], dydx[part]))
        kernel.forward(x[part], out=alone[part])
        kernel.backward(x[part], gradient[part], out=grad_x[part])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, parts))
    for one, other in zip(sliced, whole, strict=True):
        np.testing.assert_array_equal(one.view(np.uint32), other.view(np.uint32))


def test_two_processes_may_compile_the_same_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "import numpy as np\nfrom programs import logsig\nfrom symact import targets\n"
        "print(targets.load(logsig(), 'c').forward(np.ones(1, np.float32))[0])"
    )
    here = Path(__file__)
    command = [sys.executable, "-c", script, str(here.parent), str(here.parents[2])]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {process.communicate()[0].strip() for process in running} == {"0.4093839"}


def order(work: Callable[[], Any]) -> list[str]:
    """When the main thread goes on while another does `work`, if threads only take turns where one lets go."""
    events: list[str] = []

    def working() -> None:
        events.append("begin")
        work()
        events.append("end")

    thread = threading.Thread(target=working)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    try:
        thread.start()  # returns once the main thread has the interpreter again
        events.append("main")
    finally:
        sys.setswitchinterval(usual)
    thread.join()
    return events


def test_other_threads_run_while_a_kernel_does() -> None:
    kernel = targets.load(logsig(), "c", "float64")
    x = np.ones(8_000_000)
    out = np.empty_like(x)
    assert order(lambda: pow(3, 300_000)) == ["begin", "end", "main"]  # does not let go
    # On a busy machine the main thread may wake up too late, but not every time.
    assert any(order(lambda: kernel.forward(x, out=out)) == ["begin", "main", "end"] for _ in range(20))


def test_data_is_found_where_the_layout_of_arrays_is_not_known(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(-3, 3, 7).astype(dtype)
    known = targets.load(softplus(), "c", dtype)
    assert calls._OFFSET is not None
    monkeypatch.setattr(calls, "_OFFSET", None)
    unknown = targets.load(softplus(), "c", dtype)
    np.testing.assert_array_equal(unknown.forward(x, beta=2), known.forward(x, beta=2))
    np.testing.assert_array_equal(unknown.backward(x, x), known.backward(x, x))
    np.testing.assert_array_equal(unknown.value_and_derivative(x), known.value_and_derivative(x))


def test_read_only_and_short_lived_inputs() -> None:
    kernel = targets.load(logistic(), "c")
    x = np.linspace(-3, 3, 9, dtype=np.float32)
    expected = kernel.forward(x)
    x.flags.writeable = False
    np.testing.assert_array_equal(kernel.forward(x), expected)
    np.testing.assert_array_equal(kernel.forward(x.copy()), expected)
    np.testing.assert_array_equal(kernel.backward(x, np.ones(9, np.float32)), kernel.derivative(x))


def test_subclasses_and_sequences_of_the_dtype_are_taken() -> None:
    kernel = targets.load(logistic(), "c")
    x = np.linspace(-1, 1, 4, dtype=np.float32)
    np.testing.assert_array_equal(kernel.forward(x.view(np.recarray)), kernel.forward(x))
    np.testing.assert_array_equal(kernel.forward(list(x)), kernel.forward(x))


def test_parameters_are_told_apart_however_often_they_change() -> None:
    """celu: alpha*(exp(x/alpha) - 1) for x < 0."""
    kernel = symact.load("celu", "c", "float64")
    for alpha in [*np.linspace(0.5, 2, 200), 0.5, np.float32(0.5), True]:
        exact = float(alpha) * np.expm1(-1 / float(alpha))
        assert kernel.forward(np.array([-1.0]), alpha=alpha)[0] == pytest.approx(exact, rel=1e-14)
    for bad in ([1.0, 2.0], {}, None):
        with pytest.raises(Error, match="alpha must be a number"):
            kernel.forward(np.array([-1.0]), alpha=bad)


def test_no_warning_is_raised() -> None:
    with np.errstate(all="raise"):
        targets.load(softplus(), "c").forward(np.array([-np.inf, np.inf, np.nan, 1e38], np.float32), beta=1e30)
