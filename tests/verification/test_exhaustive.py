"""The reference for all float32 inputs is certified, wrong kernels do not get past it, and nothing finished is lost."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from numpy.typing import NDArray
from sympy import LambertW, Symbol, oo

from symact import catalog, targets
from symact.errors import Error
from symact.kernel import store
from symact.oracle import Oracle
from symact.oracle.formats import FORMATS
from symact.symbolic.branches import Branches, Piece
from symact.verification import exhaustive
from symact.verification.accuracy import SAMPLES, measure, oracles
from symact.verification.certified import PRODUCTS, TOLERANCE, Table, UncertifiedError, values
from symact.verification.exhaustive import RANGE, Tally, Task, by_oracle, judge

FLOAT32 = FORMATS["float32"]
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="results are judged by compiled C")

#: (activation, derivative): tails on both sides, a root of f', a jump of f'', cancellation at 0, a cut.
FUNCTIONS = [("tanh", 1), ("gelu", 1), ("softplus", 0), ("tanhshrink", 0), ("logsig", 0), ("hardswish", 1)]


@lru_cache
def table(name: str, order: int) -> Table:
    return Table(oracles(catalog.get(name), {p.name: float(p.value) for p in catalog.get(name).parameters})[order])


def task(name: str, order: int) -> Task:
    found = table(name, order)
    parameters = tuple((p.name, float(p.value)) for p in catalog.get(name).parameters)
    pass_ = ("forward", "derivative")[order]
    single = np.array(sorted(set(found.single)), np.uint32)
    compiled = store.compiled(catalog.get(name))
    return Task(compiled, "c", "accurate", pass_, 0, parameters, found.pieces, single, targets.tool("c"))


@pytest.mark.parametrize(("name", "order"), FUNCTIONS)
def test_every_polynomial_is_within_its_bound_of_the_definition(name: str, order: int) -> None:
    """Against enclosures of the definition with 512 bits, compared as fractions."""
    found, generator = table(name, order), np.random.default_rng(0)
    for side, pieces in found.pieces.items():
        chosen = pieces[generator.integers(0, len(pieces), 300)]
        bits = generator.integers(chosen["first"], chosen["last"], endpoint=True).astype(np.int64)
        x = side * FLOAT32.from_ordinals(bits)
        zeros = chosen["zero"] != 0
        assert np.array_equal(found.oracle.reference(x[zeros], FLOAT32).rounded, np.zeros(zeros.sum()))
        assert np.array_equal(np.signbit(found.oracle.rounded(x[zeros], FLOAT32)), chosen["zero"][zeros] < 0)
        lines = zip(x[~zeros].tolist(), chosen[~zeros], values(chosen, x)[~zeros].tolist(), strict=True)
        for point, line, value in lines:
            middle, radius = found.oracle.enclosure(point, 512)
            bound = Fraction(float(line["bound"]))
            assert abs(Fraction(value) - middle) <= bound + radius, point.hex()
            assert bound <= Fraction(TOLERANCE) * FLOAT32.ulp(middle)


@pytest.mark.parametrize(("name", "order"), FUNCTIONS)
def test_every_input_belongs_to_one_polynomial_or_to_the_oracle(name: str, order: int) -> None:
    found = table(name, order)
    for side, pieces in found.pieces.items():
        sign = 0x80000000 if side < 0 else 0
        single = {bits ^ sign for bits in found.single if bits & 0x80000000 == sign}
        stretches = sorted([(int(p["first"]), int(p["last"])) for p in pieces] + [(bits, bits) for bits in single])
        assert stretches[0][0] == 0
        assert stretches[-1][1] == 0x7F800000
        assert all(before[1] + 1 == after[0] for before, after in pairwise(stretches))


def test_what_is_multiplied_is_known_far_below_the_smallest_float32() -> None:
    """tanh'(100) = 5.5e-87, relative to itself."""
    found = Table(table("tanh", 1).oracle, PRODUCTS)
    x = np.array([100.0, -100.0])
    balls, zero = found.enclosures(x)
    assert not zero.any()
    for point, high, radius, exponent in zip(x, balls.high, balls.radius, balls.exponent.tolist(), strict=True):
        middle, _ = found.oracle.enclosure(float(point), 1024)
        assert abs(Fraction(high) * Fraction(2) ** exponent - middle) <= Fraction(radius) * Fraction(2) ** exponent
        assert radius <= 2.0**-37


def test_straight_lines_are_known_exactly() -> None:
    """So the error of a correctly rounded relu is 0, not a bound."""
    for order in (0, 1):
        found = Table(oracles(catalog.get("relu"), {})[order])
        assert all((pieces["bound"] == 0).all() for pieces in found.pieces.values())


@pytest.mark.slow
def test_every_function_of_the_catalogue_has_polynomials() -> None:
    """For another entry each day: all of them take minutes."""
    names = catalog.names()
    activation = catalog.get(names[datetime.date.today().toordinal() % len(names)])
    for oracle in oracles(activation, {p.name: float(np.float32(float(p.value))) for p in activation.parameters}):
        assert Table(oracle).size() > 0


@needs_compiler
@pytest.mark.parametrize(("name", "order"), FUNCTIONS)
@pytest.mark.parametrize("first", [0x00000000, 0x3F3FF800, 0x40490000, 0x7F7FFF00, 0x80000000, 0xBF407600, 0xC2B00000])
def test_judged_as_the_oracle_judges(name: str, order: int, first: int) -> None:
    """Results that are off by up to 2 ULP, a zero of the other sign and NaN, by both ways of measuring."""
    found = table(name, order)
    x = FLOAT32.decode(np.arange(first, first + 1500, dtype=np.uint32).view(np.float32))
    x = np.where(np.isnan(x), 1.0, x)
    truth = found.oracle.rounded(x, FLOAT32)
    got = truth.copy()
    got[100::7] = np.nextafter(got[100::7], np.float32(np.inf))
    got[200::29] = np.nextafter(np.nextafter(got[200::29], np.float32(-np.inf)), np.float32(-np.inf))
    got[300::500] = np.nan
    inside = FLOAT32.encode(x).view(np.uint32) == np.arange(first, first + 1500, dtype=np.uint32)
    got[~inside] = np.nan  # where the input was NaN
    tally, open_ = judge(task(name, order), lambda _: got, first, 1500)
    tally += by_oracle(found.oracle, open_)
    expected = measure(got[inside], found.oracle, FLOAT32, x[inside])
    assert tally.inputs == 1500
    assert tally.undecided == 0
    assert tally.rounded - int((~inside).sum()) == round(expected.correctly_rounded * inside.sum())
    assert tally.failures == expected.failures
    assert expected.max_ulp - 2.0**-10 <= tally.largest <= expected.max_ulp + 2.0**-9


@needs_compiler
@pytest.mark.parametrize(
    ("wrong", "failures"),
    [
        (lambda y: y + np.float32(0), 0),
        (lambda y: np.where(y == 0, -y, y), 1),
        (lambda y: np.where(y == y.max(), np.float32(np.nan), y), 1),
        (lambda y: np.where(y == y.max(), np.float32(np.inf), y), 1),
    ],
)
def test_failures_are_counted(wrong: Callable[[NDArray[np.float32]], NDArray[np.float32]], failures: int) -> None:
    """tanhshrink' is 0 only at 0."""
    found = table("tanh", 1)
    first = 0x42D00000  # 104: from the last subnormal results on, zeros
    right = found.oracle.rounded(np.arange(first, first + 900, dtype=np.uint32).view(np.float32), "float32")
    tally, open_ = judge(task("tanh", 1), lambda _: wrong(right), first, 900)
    tally += by_oracle(found.oracle, open_)
    assert (tally.failures > 0) == (failures > 0)
    assert bool(tally.examples) == (failures > 0)


@needs_compiler
def test_every_nan_has_to_stay_one() -> None:
    for first in (0x7F800000, 0xFF800000):
        right, _ = judge(task("tanh", 1), lambda x: np.full_like(x, np.nan), first, 300)
        wrong, _ = judge(task("tanh", 1), np.zeros_like, first, 300)
        assert (right.inputs, right.failures) == (299, 0)  # all but the infinity, which the oracle gets
        assert (wrong.inputs, wrong.failures) == (299, 299)


@needs_compiler
def test_a_kernel_that_is_wrong_in_one_place_is_caught() -> None:
    """The kernel of 1 - tanh**2, which loses its digits; and symact's own, which does not."""
    own, textbook = task("tanh", 1), lambda x: 1 - np.tanh(x) ** 2
    first = 0x40A00000  # 5
    good, open_ = judge(own, own.kernel(), first, 20_000)
    good += by_oracle(table("tanh", 1).oracle, open_)
    bad, open_ = judge(own, textbook, first, 20_000)
    assert good.largest <= 0.55
    assert bad.largest > 100


@needs_compiler
def test_the_oracle_is_asked_for_all_undecided_results_or_for_none() -> None:
    """hardswish is x/2 at subnormal x, and every second half is in the middle of two numbers but for a tiny x**2/6."""
    own = task("hardswish", 0)
    few, pairs = judge(own, own.kernel(), 0x00100000, 100)
    assert (few.undecided, len(pairs), few.inputs) == (0, 50, 50)
    many, pairs = judge(own, own.kernel(), 0x00100000, 4096)
    assert (many.undecided, pairs, many.inputs) == (2048, [], 4096)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A few ranges of a few inputs, and an empty cache."""
    monkeypatch.setattr(exhaustive, "folder", lambda: tmp_path)
    monkeypatch.setattr(exhaustive, "RANGE", 2048)
    return [0x3F000000 + 2048 * k for k in range(4)] + [0xC0000000]


@needs_compiler
def test_an_interrupted_run_goes_on_where_it_was(small: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    real = exhaustive.judge

    def counting(of: Task, kernel: exhaustive.Kernel, first: int, count: int) -> tuple[Tally, list[tuple[int, int]]]:
        judged.append(first)
        return real(of, kernel, first, count)

    def interrupted(items: Iterable[Tally], total: int) -> Iterable[Tally]:
        for number, item in enumerate(items):
            if number == 2:
                raise KeyboardInterrupt
            yield item

    monkeypatch.setattr(exhaustive, "judge", counting)
    with pytest.raises(KeyboardInterrupt):
        exhaustive.run("tanh", "c", "derivative", ranges=small, watch=interrupted)
    assert judged == small[:3]
    (resumed,) = exhaustive.run("tanh", "c", "derivative", ranges=small)
    assert judged == small  # the range that was finished when the interruption came is not done again
    (again,) = exhaustive.run("tanh", "c", "derivative", ranges=small)
    assert judged == small
    assert again == resumed
    assert resumed.accuracy.inputs == 5 * 2048
    assert resumed.accuracy.method == "sampled"
    assert resumed.violations == ()
    assert "ball arithmetic proves" in resumed.accuracy.proof
    (damaged,) = exhaustive.folder().glob("*.json")
    damaged.write_text(damaged.read_text()[:50])
    (anew,) = exhaustive.run("tanh", "c", "derivative", ranges=small)
    assert judged == small * 2
    assert anew == resumed


@needs_compiler
def test_other_kernels_do_not_take_a_result_over() -> None:
    one = task("tanh", 1)
    assert one.key() == task("tanh", 1).key()
    changes = ({"target": "numpy"}, {"pass_": "forward"}, {"tool": "tcc"}, {"level": "fast"})
    assert len({one.key(), *(replace(one, **change).key() for change in changes)}) == 5


@needs_compiler
def test_a_worker_with_another_compiler_does_not_measure_its_own_kernels() -> None:
    with pytest.raises(Error, match="not those of 'tcc'"):
        replace(task("tanh", 1), tool="tcc").kernel()


@needs_compiler
@pytest.mark.parametrize("scheduler", [None, "threading", pytest.param("dask", marks=pytest.mark.slow)])
def test_processes_and_clusters_give_the_same_result(small: list[int], scheduler: str | None) -> None:
    pytest.importorskip("joblib")
    (alone,) = exhaustive.run("tanh", "numpy", "forward", ranges=small)
    for path in exhaustive.folder().iterdir():
        path.unlink()
    with cluster() if scheduler == "dask" else nullcontext():
        (together,) = exhaustive.run("tanh", "numpy", "forward", ranges=small, jobs=2, scheduler=scheduler)
    assert together == replace(alone, accuracy=replace(alone.accuracy, mean_ulp=together.accuracy.mean_ulp))
    assert together.accuracy.mean_ulp == pytest.approx(alone.accuracy.mean_ulp)


@contextmanager
def cluster() -> Iterator[None]:
    """A Dask cluster of two processes on this machine, its address in Dask's configuration."""
    distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local,
        dask.config.set({"scheduler-address": local.scheduler_address}),
    ):
        yield


def test_an_error_in_a_worker_is_told_as_it_is(small: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for one of joblib's, though both are ValueErrors."""
    pytest.importorskip("joblib")

    def no_room(task: Task, kernel: exhaustive.Kernel, first: int, count: int) -> NoReturn:
        raise Error("the reference leaves too many inputs open")

    monkeypatch.setattr(exhaustive, "judge", no_room)
    with pytest.raises(Error, match="too many inputs open"):
        exhaustive.run("relu", "numpy", "forward", ranges=small, jobs=2, scheduler="threading")


@needs_compiler
@pytest.mark.slow
def test_ctrl_c_loses_no_finished_range(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command with two processes, interrupted as a terminal does it, with nothing else of it left running."""
    code = (
        "import signal, sys, symact.cli; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "sys.argv = ['symact', *sys.argv[1:]]; symact.cli.main()"
    )
    options = ["--target", "numpy", "--exhaustive", "--pass", "forward", "--jobs", "2"]
    running = subprocess.Popen(
        [sys.executable, "-c", code, "accuracy", "relu", *options],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    folder = tmp_path / "symact" / "exhaustive"

    def finished() -> list[int]:
        return [int(first) for path in folder.glob("*.json") for first in json.loads(path.read_text(encoding="utf-8"))]

    try:
        waited = time.monotonic() + 100
        while len(finished()) < 8:  # both processes have long begun then
            assert running.poll() is None, running.communicate()[1]
            assert time.monotonic() < waited
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGINT)
        _, error = running.communicate(timeout=60)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    assert running.returncode != 0
    assert "Traceback" not in error
    done = finished()
    assert 2 <= len(done) < 256
    monkeypatch.setattr(exhaustive, "folder", lambda: folder)
    monkeypatch.setattr(exhaustive, "judge", lambda *_: pytest.fail("a finished range was done again"))
    (resumed,) = exhaustive.run("relu", "numpy", "forward", ranges=done)
    assert resumed.accuracy.inputs == len(done) * RANGE
    assert resumed.accuracy.max_ulp == 0


def test_an_unknown_scheduler_and_the_backward_pass_are_told_in_a_sentence(small: list[int]) -> None:
    pytest.importorskip("joblib")
    with pytest.raises(Error, match="punchcards"):
        exhaustive.run("relu", "numpy", "forward", ranges=small, scheduler="punchcards")
    with pytest.raises(Error, match="backward"):
        exhaustive.run("relu", "numpy", "backward")


def test_what_has_no_reference_is_measured_on_a_sample_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Symbol("x", real=True)
    with pytest.raises(UncertifiedError, match="lambertw"):
        Table(Oracle(Branches(x, (Piece(-oo, oo, LambertW(x**2 + 1)),), ())))

    def none(oracle: Oracle) -> Table:
        raise UncertifiedError("for a test")

    monkeypatch.setattr(exhaustive, "Table", none)
    monkeypatch.setitem(SAMPLES, 32, 2000)
    (found,) = exhaustive.run("tanh", "numpy", "forward")
    assert (found.accuracy.method, found.accuracy.inputs) == ("sampled", 2000)
    assert "no certified reference: for a test" in found.accuracy.proof


def test_all_inputs_are_two_to_the_thirty_two() -> None:
    assert len(range(0, 1 << 32, RANGE)) * RANGE == 1 << 32
