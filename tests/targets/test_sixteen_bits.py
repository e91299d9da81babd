"""16 bits: conversions from and to double in C and NumPy, by exact arithmetic and against the compiler's own types."""

from __future__ import annotations

import shutil
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compilers import COMPILERS, FIRST_COMPILER

from symact import catalog, targets
from symact.errors import Error
from symact.kernel.store import compiled
from symact.oracle.formats import FORMATS, Float64s

SUFFIXES = {"float16": "f16", "bfloat16": "bf16"}
QUIET = {"float16": 0x7E00, "bfloat16": 0x7FC0}


@pytest.fixture(params=list(SUFFIXES))
def dtype(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def bits(dtype: str) -> np.ndarray:
    """Every bit pattern."""
    return np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)


def numbers(dtype: str) -> list[Fraction]:
    """The value of each bit pattern from 0 to the largest finite one, by its definition; then 2**(emax + 1)."""
    fraction, bias = {"float16": (10, 15), "bfloat16": (7, 127)}[dtype]
    found = []
    for pattern in range(((2 * bias + 1) << fraction) + 1):
        exponent, rest = pattern >> fraction, pattern & ((1 << fraction) - 1)
        significand = rest + ((1 << fraction) if exponent else 0)
        found.append(Fraction(significand) * Fraction(2) ** (max(exponent, 1) - bias - fraction))
    return found


def hard(dtype: str) -> tuple[Float64s, np.ndarray]:
    """Doubles and the bit patterns that they round to: each middle of two numbers, and the doubles beside it and them.

    Between two numbers one is nearer; in the middle the one with the even pattern wins; from the middle of the largest
    number and the next power of 2 on, infinity does.
    """
    values, wanted = [], []
    exact = numbers(dtype)
    for low, (a, b) in enumerate(pairwise(exact)):
        number, middle = float(a), float((a + b) / 2)
        assert (Fraction(number), Fraction(middle)) == (a, (a + b) / 2)
        up, down = np.nextafter(middle, np.inf), np.nextafter(middle, 0)
        values += [number, down, middle, up, np.nextafter(float(b), 0)]
        wanted += [low, low, low + low % 2, low + 1, low + 1]
    infinity = len(exact) - 1
    values += [float(exact[-1]), 1e300, np.inf, 5e-324, 1e-310]
    wanted += [infinity, infinity, infinity, 0, 0]
    positive, patterns = np.array(values), np.array(wanted, np.uint16)
    return np.concatenate([positive, -positive]), np.concatenate([patterns, patterns | 0x8000])


def patterns(values: np.ndarray) -> np.ndarray:
    return values.view(np.uint16)


def array_type(dtype: str) -> np.dtype[Any]:
    return FORMATS[dtype].dtype


# ---------------------------------------------------------------------------------------------------------------- C

#: Reads a count and doubles, writes each narrowed to both formats, then every pattern of both as double.
HARNESS = r"""
#include "relu.c"
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    uint64_t count;
    if (fread(&count, sizeof count, 1, stdin) != 1) return 1;
    const size_t n = (size_t)count;
    double *in = malloc(n * sizeof *in), *wide = malloc(65536 * sizeof *wide);
    uint16_t *out = malloc(n * sizeof *out), *every = malloc(65536 * sizeof *every);
    if (!in || !out || !wide || !every || fread(in, sizeof *in, n, stdin) != n) return 2;
    for (uint32_t i = 0; i < 65536; ++i) every[i] = (uint16_t)i;
    for (size_t i = 0; i < n; ++i) store_f16(out, i, in[i]);
    fwrite(out, sizeof *out, n, stdout);
    for (size_t i = 0; i < n; ++i) store_bf16(out, i, in[i]);
    fwrite(out, sizeof *out, n, stdout);
    for (size_t i = 0; i < 65536; ++i) wide[i] = load_f16(every, i);
    fwrite(wide, sizeof *wide, 65536, stdout);
    for (size_t i = 0; i < 65536; ++i) wide[i] = load_bf16(every, i);
    fwrite(wide, sizeof *wide, 65536, stdout);
    free(in); free(wide); free(out); free(every);
    return 0;
}
"""
NANS = np.array([0x7FF0000000000001, 0x7FF8000000000000, 0xFFF7FFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF], np.uint64)


@pytest.mark.skipif(not COMPILERS, reason="no C compiler here")
@pytest.mark.parametrize("compiler", FIRST_COMPILER)
@pytest.mark.parametrize(
    "flags",
    [
        pytest.param("-O0", marks=pytest.mark.slow),
        pytest.param("-O1 -fsanitize=address,undefined -fno-sanitize-recover=all", marks=pytest.mark.slow),
        pytest.param("-O3 -march=native", marks=pytest.mark.slow),
        "-O3 -march=native -ffp-contract=fast",
    ],
)
def test_c_conversions(tmp_path: Path, compiler: str, flags: str) -> None:
    """Every hard double is rounded right, every NaN stays one and is quiet, and every pattern is widened exactly."""
    for path, text in targets.generate(compiled(catalog.get("relu")), "c").items():
        (tmp_path / Path(path).name).write_text(text)
    (tmp_path / "main.c").write_text(HARNESS)
    command = [compiler, "-std=c99", *flags.split(), "-fno-trapping-math", "main.c", "-lm", "-o", "main"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "sanitize" in flags and "cannot find" in done.stderr:
        pytest.skip(f"{compiler} has no sanitizers here")
    assert done.returncode == 0, done.stderr
    cases = {name: hard(name) for name in SUFFIXES}
    values = np.concatenate([*(given for given, _ in cases.values()), NANS.view(np.float64)])
    given = np.uint64(len(values)).tobytes() + values.tobytes()
    output = subprocess.run(["./main"], cwd=tmp_path, input=given, capture_output=True, check=True).stdout
    start = place = 0
    for name, (doubles, wanted) in cases.items():
        found = np.frombuffer(output, np.uint16, len(values), place)
        place += found.nbytes
        np.testing.assert_array_equal(found[start : start + len(doubles)], wanted)
        start += len(doubles)
        np.testing.assert_array_equal(found[-len(NANS) :] & 0x7FFF, QUIET[name])
        np.testing.assert_array_equal(found[-len(NANS) :] >> 15, NANS >> np.uint64(63))
    for name in SUFFIXES:
        wide = np.frombuffer(output, np.float64, 1 << 16, place)
        place += wide.nbytes
        exact = np.array([float(number) for number in numbers(name)[:-1]])
        infinity = len(exact)
        for sign in (0, 1 << 15):
            np.testing.assert_array_equal(wide[sign : sign + infinity], -exact if sign else exact)
            np.testing.assert_array_equal(np.signbit(wide[sign : sign + infinity]), bool(sign))
            assert wide[sign + infinity] == (-np.inf if sign else np.inf)
            assert np.isnan(wide[sign + infinity + 1 : sign + (1 << 15)]).all()
    assert place == len(output)


#: The compiler's _Float16 beside ours: the same array, by a cast of the pointer, and the same conversions.
NATIVE = r"""
#include "tanh.h"
#include <stdio.h>
#include <string.h>
__extension__ typedef _Float16 half;
static half x[65536], y[65536];
int main(void)
{
    for (uint32_t i = 0; i < 65536; ++i) {
        const uint16_t pattern = (uint16_t)i;
        memcpy(&x[i], &pattern, sizeof pattern);
    }
    symact_tanh_forward_f16(65536, (const symact_f16 *)x, (symact_f16 *)y);
    size_t wrong = 0;
    for (uint32_t i = 0; i < 65536; ++i) {
        const double wide = (double)x[i];
        double exact;
        symact_tanh_forward_f64(1, &wide, &exact);
        const half rounded = (half)exact;
        wrong += memcmp(&rounded, &y[i], sizeof rounded) != 0 && wide == wide;
    }
    printf("%zu\n", wrong);
    return 0;
}
"""


@pytest.mark.parametrize("compiler", COMPILERS)
def test_an_array_of_the_compilers_own_type(tmp_path: Path, compiler: str) -> None:
    probe = [compiler, "-std=c99", "-x", "c", "-fsyntax-only", "-"]
    if subprocess.run(probe, input=b"_Float16 x;", capture_output=True, check=False).returncode != 0:
        pytest.skip(f"{compiler} has no _Float16 here")
    for path, text in targets.generate(compiled(catalog.get("tanh")), "c").items():
        (tmp_path / Path(path).name).write_text(text)
    (tmp_path / "main.c").write_text(NATIVE)
    command = [compiler, "-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    subprocess.run([*command, "main.c", "tanh.c", "-lm", "-o", "main"], cwd=tmp_path, check=True)
    assert subprocess.run(["./main"], cwd=tmp_path, capture_output=True, check=True, text=True).stdout.strip() == "0"


def test_c_loops_are_vectorised(tmp_path: Path) -> None:
    """Conversions have no branch: where the formula has none either, gcc takes several elements at a time."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc here")
    for path, text in targets.generate(compiled(catalog.get("relu")), "c").items():
        (tmp_path / Path(path).name).write_text(text)
    if subprocess.run(["gcc", "-mavx2", "-E", "-"], input=b"", capture_output=True, check=False).returncode != 0:
        pytest.skip("the flag below is for x86")
    flags = [*targets.get("c").settings["flags"], "-mavx2", "-fopt-info-vec"]
    done = subprocess.run(
        ["gcc", *flags, "-c", "relu.c", "-o", "relu.o"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    lines = {int(line.split(":")[1]) for line in done.stderr.splitlines() if "loop vectorized" in line}
    loops = [
        i
        for i, line in enumerate((tmp_path / "relu.c").read_text().splitlines(), 1)
        if "for (size_t i = 0; i < SYMACT_UNIT" in line
    ]
    assert len(loops) == len(compiled(catalog.get("relu")).signatures) * 5
    assert set(loops) <= lines


# ------------------------------------------------------------------------------------------------------------ NumPy


def identity() -> dict[str, Any]:
    """The NumPy module of the identity: what it does is convert."""
    found: dict[str, Any] = {}
    exec(targets.generate(compiled(catalog.get("identity")), "numpy")["numpy/identity.py"], found)
    return found


def test_numpy_conversions(dtype: str) -> None:
    doubles, wanted = hard(dtype)
    module = identity()
    out = np.empty(len(doubles), array_type(dtype))
    assert module["identity"](doubles, out=out) is out
    np.testing.assert_array_equal(patterns(out), wanted)
    nan = module["identity"](NANS.view(np.float64), out=np.empty(len(NANS), array_type(dtype)))
    assert np.isnan(nan.astype(np.float64)).all()
    every = bits(dtype).view(array_type(dtype))
    wide = module["identity"](every, out=np.empty(1 << 16, np.float64))
    exact = np.array([float(number) for number in numbers(dtype)[:-1]] + [np.inf])
    np.testing.assert_array_equal(wide[: len(exact)], exact)
    np.testing.assert_array_equal(wide[1 << 15 :][: len(exact)], -exact)
    assert np.isnan(wide[len(exact) : 1 << 15]).all()
    numeric = ~np.isnan(wide)
    np.testing.assert_array_equal(patterns(module["identity"](every))[numeric], bits(dtype)[numeric])


def test_rounding_by_way_of_float_is_caught(dtype: str) -> None:
    """The hard doubles tell one rounding from two: by way of float32, those beside a middle go wrong."""
    doubles, wanted = hard(dtype)
    with np.errstate(over="ignore"):
        twice = doubles.astype(np.float32).astype(np.float64)
    found = identity()["identity"](twice, out=np.empty(len(doubles), array_type(dtype)))
    assert (patterns(found) != wanted).sum() > 10_000


def test_numpy_keeps_bfloat16(dtype: str) -> None:
    kind = array_type(dtype)
    module = identity()
    for shape in [(), (0,), (3,), (2, 0, 4), (3, 4, 5)]:
        x = np.ones(shape, kind)
        assert module["identity"](x).dtype == kind
        assert module["identity"](x).shape == shape
        assert module["identity_backward"](x, x).dtype == kind
        assert module["identity_backward"](x, 2.0).dtype == kind
        assert [r.dtype for r in module["identity_value_and_derivative"](x)] == [kind, kind]
    x = np.arange(24).astype(kind).reshape(2, 3, 4)
    for view in (x[:, ::2, ::-1], x.T, np.asfortranarray(x), np.broadcast_to(x[0], (2, 3, 4))):
        np.testing.assert_array_equal(module["identity"](view), view)
    memory = np.arange(20_000, dtype=np.float32).astype(kind)
    wanted = memory[:-1].copy()
    module["identity"](memory[:-1], out=memory[1:])
    np.testing.assert_array_equal(memory[1:], wanted)
    np.testing.assert_array_equal(module["identity"](np.ones(3, kind), out=np.empty(3, np.float32)), 1)


def test_numpy_module_does_not_import_what_adds_bfloat16() -> None:
    source = targets.generate(compiled(catalog.get("identity")), "numpy")["numpy/identity.py"]
    script = f"import sys\nexec({source!r})\nprint(identity(1.5), 'ml_dtypes' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1.5", "False"]


# ------------------------------------------------------------------------------------------------------------- load

LOADABLE = [one.name for one in targets.available() if one.name in ("c", "numpy") and one.missing is None]


@pytest.mark.parametrize("target", LOADABLE)
def test_loaded_kernels(target: str, dtype: str) -> None:
    kernel = targets.load(compiled(catalog.get("leaky_relu")), target, dtype)
    x = np.array([-2, -0.0, 0, 3, np.inf, -np.inf, np.nan]).astype(array_type(dtype)).reshape(7, 1)
    y, dydx = kernel.value_and_derivative(x, alpha=0.5)
    assert y.dtype == dydx.dtype == array_type(dtype)
    np.testing.assert_array_equal(y.ravel().astype(np.float64), [-1, -0.0, 0, 3, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(kernel.backward(x[:4], x[:4], alpha=0.5).ravel().astype(float), [-1, 0, 0, 3])
    assert kernel.parameters == {"alpha": float(np.float32(0.01))}
    assert kernel.forward(x, out=x) is x
    with pytest.raises(Error, match=f"loaded for {dtype}, and the array is float32"):
        kernel.forward(np.zeros(3, np.float32))


def test_without_ml_dtypes_bfloat16_is_a_clear_error() -> None:
    script = (
        "import sys; sys.modules['ml_dtypes'] = None\n"
        "import symact\n"
        "print(symact.load('relu', 'numpy', 'float16').dtype)\n"
        "try:\n    symact.load('relu', 'numpy', 'bfloat16')\n"
        "except symact.Error as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "float16",
        "arrays of bfloat16 need the package ml_dtypes (pip install 'symact[bfloat16]')",
    ]
