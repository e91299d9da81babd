"""Kernels beside one that is proved: the same largest error as when every input is judged."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from symact import Error, catalog, targets
from symact.kernel import store
from symact.oracle.formats import FORMATS
from symact.targets.accuracy import program
from symact.verification import beside, exhaustive
from symact.verification.accuracy import oracles
from symact.verification.beside import Comparison, Other, Reference
from symact.verification.certified import Table
from symact.verification.exhaustive import Tally, Task, by_oracle
from symact.verification.record import Row

FLOAT32 = FORMATS["float32"]
pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="results are compared by compiled C")

#: Beside a root of gelu' and far from it, subnormal results, powers of two, NaNs.
STARTS = [0xBF407000, 0x3F000000, 0xC1400000, 0x80000000, 0x00000000, 0xC2AE0000, 0x41200000, 0x7F7F8000, 0xFF7F8000]


def proof(name: str, pass_: str, **changed: object) -> Row:
    """A row of the record; that accurate results are within 0.55 ULP is the project's goal, which the record proves."""
    found = {
        "activation": name,
        "target": "c",
        "dtype": "float32",
        "level": "accurate",
        "pass": pass_,
        "program": program(store.compiled(catalog.get(name)), "c", "float32", "accurate", pass_),
        "max_ulp": 0.55,
        "method": "all 2**32 inputs",
        "worst": {"x": "0x1.8p+0"},
        "correctly_rounded": 0.999,
        "failures": 0,
        "violations": 0,
        "tool": targets.tool("c"),
    }
    return {**found, **changed}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A few ranges of a few inputs, and an empty cache."""
    monkeypatch.setattr(exhaustive, "folder", lambda: tmp_path)
    monkeypatch.setattr(exhaustive, "RANGE", 1 << 16)
    return STARTS


@pytest.mark.parametrize(
    ("name", "pass_", "others"),
    [
        ("gelu", "derivative", [Other("c", "fast"), Other("c", "table")]),
        ("tanh", "forward", [Other("c", "table"), Other("numpy", "fast")]),
    ],
)
def test_what_is_found_is_what_judging_every_input_finds(
    name: str, pass_: str, others: list[Other], small: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = lru_cache(lambda _: Table(oracles(catalog.get(name), {})[beside.PASSES.index(pass_)]))
    monkeypatch.setattr(beside, "Table", lambda oracle: known(name))
    monkeypatch.setattr(exhaustive, "Table", lambda oracle: known(name))
    found = beside.run(name, pass_, others, rows=[proof(name, pass_)], ranges=small)
    for other, one in zip(others, found, strict=True):
        (direct,) = exhaustive.run(name, other.target, pass_, level=other.level, ranges=small)
        measured = one.measurement
        assert one.exact
        assert measured.accuracy.max_ulp == direct.accuracy.max_ulp
        assert measured.accuracy.worst == direct.accuracy.worst
        assert measured.accuracy.failures == direct.accuracy.failures == 0
        assert measured.accuracy.mean_ulp is None
        share = direct.accuracy.correctly_rounded
        assert share - 2 * 0.001 <= measured.accuracy.correctly_rounded <= share
        assert f"{one.different} results differ" in measured.accuracy.proof
        assert replace(measured, accuracy=direct.accuracy) == direct


def test_results_that_are_all_the_same_have_the_largest_error_of_the_proof(small: list[int]) -> None:
    """hardsigmoid' is one program at both levels; 1/6 is a third of an ULP off."""
    row = proof("hardsigmoid", "derivative", worst={"x": "0x1.0p-3"}, correctly_rounded=1.0)
    (found,) = beside.run("hardsigmoid", "derivative", [Other("c", "fast")], rows=[row], ranges=small)
    assert (found.different, found.exact) == (0, True)
    assert found.measurement.accuracy.max_ulp == pytest.approx(1 / 3, abs=1e-3)
    sixth = float(np.float32(1 / 6)).hex()
    assert found.measurement.accuracy.worst == {"x": (0.125).hex(), "got": sixth, "expected": sixth}
    assert found.measurement.accuracy.correctly_rounded == 1.0


@pytest.fixture(scope="module")
def tanh() -> tuple[Comparison, Table]:
    table = Table(oracles(catalog.get("tanh"), {})[0])
    single = np.array(sorted(set(table.single)), np.uint32)
    compiled = store.compiled(catalog.get("tanh"))
    task = Task(compiled, "c", "fast", "forward", 0, (), table.pieces, single, targets.tool("c"))
    known = Reference("forward", 0.504, 0.9999, 0x3DE5AE9E, "", targets.tool("c"))
    return Comparison(known, (task,)), table


FIRST, COUNT = 0x3F000000, 1 << 15


def compare(
    comparison: Comparison, table: Table, got: NDArray[np.float32], first: int = FIRST
) -> tuple[Tally, NDArray[np.float32]]:
    """What is said of results beside those of tanh, which are given back."""
    right = table.oracle.rounded(FLOAT32.decode(patterns(first, len(got)).view(np.float32)), FLOAT32)
    right = right.astype(np.float32)

    def part(values: NDArray[np.float32]) -> exhaustive.Kernel:
        return lambda x: values[(x.view(np.uint32) - np.uint32(first)).astype(int)]

    ((tally, pairs),) = beside.beside(comparison, [part(got)], part(right), first, len(got))
    return tally + by_oracle(table.oracle, pairs), right


def patterns(first: int, count: int) -> NDArray[np.uint32]:
    return np.arange(first, first + count, dtype=np.uint32)


def right_results(table: Table, first: int, count: int) -> NDArray[np.float32]:
    x = FLOAT32.decode(patterns(first, count).view(np.float32))
    return np.asarray(table.oracle.rounded(x, FLOAT32), np.float32)


@pytest.mark.parametrize("place", [0, 1, 1023, 1024, 5000, COUNT - 1])
@pytest.mark.parametrize("steps", [1, -3, 70_000])
def test_a_wrong_result_is_found_wherever_it_is(tanh: tuple[Comparison, Table], place: int, steps: int) -> None:
    comparison, table = tanh
    got = right_results(table, FIRST, COUNT).copy()
    got.view(np.int32)[place] += steps
    tally, _ = compare(comparison, table, got)
    x = float(np.uint32(FIRST + place).view(np.float32))
    middle, _ = table.oracle.enclosure(x, 200)
    exact = abs(Fraction(float(got[place])) - middle) / FLOAT32.ulp(middle)
    assert tally.largest == pytest.approx(float(exact), abs=2.0**-12)
    assert (tally.worst, tally.failures, tally.inputs, tally.rounded) == (FIRST + place, 0, COUNT, COUNT - 1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, -0.0])
def test_wrong_nans_infinities_and_zeros_are_failures(tanh: tuple[Comparison, Table], wrong: float) -> None:
    comparison, table = tanh
    got = right_results(table, FIRST, COUNT).copy()
    got[77] = got[9999] = wrong
    tally, _ = compare(comparison, table, got)
    assert (tally.failures, tally.examples, tally.rounded) == (2, (FIRST + 77,), COUNT - 2)


def test_zeros_nans_and_infinities_have_to_be_those_of_the_proved_kernel(tanh: tuple[Comparison, Table]) -> None:
    """tanh(-0) is -0, tanh(inf) is 1, and NaN stays NaN, whatever its payload."""
    comparison, table = tanh
    for first, place, wrong in ((0x80000000, 0, 0.0), (0x7F7FFF00, 0x100, np.nan), (0x7F7FFF00, 0x1FF, 0.0)):
        got = right_results(table, first, 1024).copy()
        fine, _ = compare(comparison, table, got, first)
        assert (fine.inputs, fine.rounded, fine.failures) == (1024, 1024, 0)
        got[place] = wrong
        tally, _ = compare(comparison, table, got, first)
        assert (tally.failures, tally.examples) == (1, (first + place,))


def test_a_distance_is_an_upper_bound_in_every_binade() -> None:
    """Whatever the exact value is, as long as the proved result is within the bound of it, in that value's ULP."""
    tiny = Fraction(1, 2**30)
    ends = [2.0**k for k in (-149, -148, -126, -125, -20, 0, 1, 127)]
    references = sorted({float(v) for end in ends for v in _around(end) if np.isfinite(v) and v > 0})
    for right in references:
        for got in (v for v in _around(right, 3) if np.isfinite(v) and v > 0):
            for bound in (0.5, 0.5087):
                values = [v for v in _exact_values(Fraction(right), Fraction(bound), tiny) if v > 0]
                error = max(abs(Fraction(float(got)) - value) / FLOAT32.ulp(value) for value in values)
                for sign in (1, -1):
                    assert _judged(sign * right, sign * float(got), bound, float(error) - 1e-6) or got == right


def _around(value: float, steps: int = 2) -> list[np.float32]:
    bits = int(np.float32(value).view(np.uint32))
    return [np.uint32(max(bits + step, 0)).view(np.float32) for step in range(-steps, steps + 1)]


def _exact_values(right: Fraction, bound: Fraction, tiny: Fraction) -> Iterable[Fraction]:
    """Values that are within the bound of a result in their own ULP: the extremes in its binade and in both next."""
    for ulp in {FLOAT32.ulp(right), FLOAT32.ulp(right) / 2, FLOAT32.ulp(right) * 2}:
        for sign in (1, -1):
            value = right + sign * bound * ulp * (1 - tiny)
            if value > 0 and abs(value - right) <= bound * FLOAT32.ulp(value):
                yield value


def _judged(right: float, got: float, bound: float, largest: float) -> bool:
    """Whether a result is judged when so large an error is known already."""
    x, a, b = (np.array([v], np.float32) for v in (1.0, right, got))
    tally, listed = np.zeros((), exhaustive.TALLY), np.empty(1, np.uint32)
    tally["largest"] = largest
    places = (x.ctypes.data, a.ctypes.data, b.ctypes.data, None)
    beside._beside()(1, 0x3F800000, *places, bound, tally.ctypes.data, listed.ctypes.data, 1)
    return bool(tally["open"])


@pytest.mark.parametrize(
    "changed",
    [
        {"program": "0123456789abcdef"},
        {"tool": "tcc"},
        {"method": "4194304 inputs, sampled"},
        {"failures": 1},
        {"violations": 1},
        {"max_ulp": 1.2},
        {"pass": "forward"},
    ],
)
def test_without_a_proof_of_today_nothing_is_compared(changed: dict[str, object]) -> None:
    with pytest.raises(Error, match="derivative of tanh at level accurate is not proved") as told:
        beside.run("tanh", "derivative", [Other("c", "fast")], rows=[proof("tanh", "derivative", **changed)])
    assert "record_accuracy.py tanh --exhaustive --target c --level accurate --pass derivative" in str(told.value)


def test_passes_that_nobody_proves_are_refused() -> None:
    with pytest.raises(Error, match="nothing is proved of the pass 'second_derivative'"):
        beside.run("tanh", "second_derivative", [Other("c", "fast")], rows=[])


def test_what_flushes_is_not_compared(small: list[int]) -> None:
    compiled = store.compiled(catalog.get("tanh"))
    assert beside.possible(compiled, "c", "fast", "derivative")
    assert not beside.possible(compiled, "c", "accurate", "derivative")
    assert not beside.possible(compiled, "c", "fast", "second_derivative")
    assert not beside.possible(compiled, "cupy", "accurate", "derivative")
    with pytest.raises(Error, match="'cupy' cannot be compared"):
        beside.run("tanh", "forward", [Other("cupy", "accurate")], rows=[proof("tanh", "forward")], ranges=small)


def test_where_the_worst_result_of_the_proof_is_another_one_only_a_bound_is_known(
    small: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel that differs at the worst input alone, which is in none of the ranges."""
    monkeypatch.setenv("CFLAGS", "-DSYMACT_NO_TABLES")  # of the float64 program
    worst = 0x3DE5AE9E
    real = Task.kernel

    def other(task: Task) -> exhaustive.Kernel:
        kernel = real(task)
        if task.level == "accurate":
            return kernel
        return lambda x: np.where(x.view(np.uint32) == worst, np.float32(1), real(replace(task, level="accurate"))(x))

    monkeypatch.setattr(Task, "kernel", other)
    x = float(np.uint32(worst).view(np.float32)).hex()
    row = proof("tanh", "forward", worst={"x": x})
    (found,) = beside.run("tanh", "forward", [Other("c", "fast")], rows=[row], ranges=small[1:3])
    assert not found.exact
    assert found.different == 0
    assert found.measurement.accuracy.max_ulp == pytest.approx(0.5039, abs=1e-3)


def test_an_interrupted_comparison_goes_on_where_it_was(small: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    real = beside.beside

    def counting(
        comparison: Comparison, kernels: Sequence[exhaustive.Kernel], proved: exhaustive.Kernel, first: int, count: int
    ) -> list[exhaustive.Judged]:
        compared.append(first)
        return real(comparison, kernels, proved, first, count)

    def interrupted(items: Iterable[Sequence[Tally]], total: int) -> Iterable[Sequence[Tally]]:
        for number, item in enumerate(items):
            if number == 2:
                raise KeyboardInterrupt
            yield item

    monkeypatch.setattr(beside, "beside", counting)
    rows, others = [proof("tanh", "forward")], [Other("c", "fast"), Other("c", "table")]
    with pytest.raises(KeyboardInterrupt):
        beside.run("tanh", "forward", others, rows=rows, ranges=small, watch=interrupted)
    assert compared == small[:3]
    resumed = beside.run("tanh", "forward", others, rows=rows, ranges=small)
    assert compared == small
    assert beside.run("tanh", "forward", others, rows=rows, ranges=small) == resumed
    assert beside.run("tanh", "forward", others[1:], rows=rows, ranges=small) == resumed[1:]
    assert compared == small
    beside.run("tanh", "forward", others, rows=[proof("tanh", "forward", max_ulp=0.6)], ranges=small)
    assert compared == small * 2


def test_several_processes_find_the_same(small: list[int]) -> None:
    pytest.importorskip("joblib")
    rows, others = [proof("tanh", "forward")], [Other("c", "fast"), Other("c", "table")]
    alone = beside.run("tanh", "forward", others, rows=rows, ranges=small)
    for path in exhaustive.folder().iterdir():
        path.unlink()
    assert beside.run("tanh", "forward", others, rows=rows, ranges=small, jobs=2) == alone


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the flags are those of x86-64")
def test_a_build_with_other_flags_is_another_tool_and_leaves_the_environment_as_it_was(small: list[int]) -> None:
    before = dict(os.environ)
    other = Other("c", "fast", (("CFLAGS", "-march=x86-64-v3 -mno-fma"),))
    both = beside.run("tanh", "forward", [Other("c", "fast"), other], rows=[proof("tanh", "forward")], ranges=small)
    assert ["with FMA" in one.measurement.tool for one in both] == ["with FMA" in targets.tool("c"), False]
    assert dict(os.environ) == before
    assert all(one.measurement.accuracy.max_ulp < 4 for one in both)
