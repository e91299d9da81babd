"""The C kernels' loops are loops over vectors, as GCC and Clang write them: no call, no gather, no single numbers.

All of the catalogue for AVX2, and two entries for each instruction set that sources without flags choose from at run
time. The rest: `python scripts/check_c.py vectors`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from programs import logsig

from symact import catalog, load, targets
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.compiled import CompiledActivation
from symact.kernel.program import Builder
from symact.kernel.store import compiled
from symact.verification.vectorised import AVX2, compiled_object, missing, read, scalar_loops

TYPES = [t for t in targets.get("c").types if t.dtype in ("float32", "float64")]
COMPILERS = [
    pytest.param(name, marks=pytest.mark.skipif(missing(name) is not None, reason=str(missing(name))))
    for name in ("gcc", "clang")
]


@pytest.mark.slow
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", catalog.names())
def test_every_loop_of_the_catalogue_is_vectorised(name: str, compiler: str) -> None:
    assert scalar_loops(compiled(catalog.get(name)), TYPES, compiler) == {}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", ["logsig", "relu"])
def test_sources_without_flags_have_vectors_of_every_set(name: str, compiler: str) -> None:
    found = scalar_loops(compiled(catalog.get(name)), TYPES, compiler, flags=())
    assert {loop: reason for loop, reason in found.items() if not loop.endswith("_loop_flags")} == {}


def with_a_call() -> CompiledActivation:
    """An activation whose float64 loops call the C library's sine."""
    b = Builder()
    y = b("sin", b.input("x"))
    kernels = {"forward": b.kernel("forward", ("x",), (), {"y": y})}
    kernels |= {name: kernel for name, kernel in logsig().signatures.items() if name != "forward"}
    return dataclasses.replace(logsig(), programs=dict.fromkeys(ARITHMETICS, kernels))


@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_loop_that_calls_the_c_library_is_found(compiler: str) -> None:
    found = scalar_loops(with_a_call(), [t for t in TYPES if t.dtype == "float64"], compiler)
    assert list(found) == ["logsig_forward_f64_loop_flags"]
    assert found["logsig_forward_f64_loop_flags"].startswith("a call")


FALLBACKS = {
    "single numbers": "y[i] = x[i] * x[i] + 1 / x[i];",
    "a gather": "y[i] = table[index[i]] * x[i];",
    "a branch": "if (index[i] > 0) y[i] = x[i];",
}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("reason", FALLBACKS)
def test_what_is_not_arithmetic_of_whole_vectors_is_found(compiler: str, reason: str, tmp_path: Path) -> None:
    flags = ["-O2", *AVX2]
    if reason == "a gather":
        flags += ["-O3", "-march=skylake", *(["-mllvm", "-force-vector-width=8"] if compiler == "clang" else [])]
    else:
        flags += ["-fno-tree-vectorize"] if compiler == "gcc" else ["-fno-vectorize", "-fno-slp-vectorize"]
    source = tmp_path / "scalar.c"
    source.write_text(
        "void a_loop_flags(long n, const double *x, const double *table, const int *index, double *restrict y)\n"
        f"{{ (void)table; (void)index; for (long i = 0; i < n; ++i) {{ {FALLBACKS[reason]} }} }}\n"
    )
    (found,) = read(compiled_object(source, compiler, flags)).values()
    assert found.startswith(reason), found


def test_code_without_a_loop_is_not_taken_for_vectors(tmp_path: Path) -> None:
    if missing("gcc") is not None:
        pytest.skip(str(missing("gcc")))
    source = tmp_path / "empty.c"
    source.write_text("void a_loop_flags(long n) { (void)n; }\n")
    assert read(compiled_object(source, "gcc", ["-O3"])) == {"a_loop_flags": "no loop"}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_zeros_keep_their_signs_whatever_compiles_them(
    name: str, compiler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clang 14 takes x < 0 ? -0 : x for a maximum of vectors, and gives -0 at +0."""
    monkeypatch.setenv("CC", compiler)
    for dtype in ("float32", "float64"):
        zeros = np.array([0.0, -0.0] * 32, dtype)
        assert np.array_equal(np.signbit(load(name, target="c", dtype=dtype).forward(zeros)), np.signbit(zeros))
