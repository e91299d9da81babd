"""All 2**32 float32 inputs of several kernels beside one that is proved: that of C at level `accurate`.

Where that kernel's result is known to be less than b ULP off, another kernel's result at the same input that differs
from it by d ULP has an error between d - b and d + b. So only the results whose d + b is above the largest error found
so far have to be judged by polynomials (`symact.verification.exhaustive`), which are few; all others are only compared
as numbers. The largest error and its input are those that judging every input finds. One evaluation of the proved
kernel serves all that are compared with it. What is not known afterwards is the mean error; of the share of correctly
rounded results there is a lower bound.

Two facts make differences ULP of the exact value: the proved kernel is less than 1 ULP off, so its result has the exact
value's sign; and if it is not a power of two, the exact value is in its binade or the next larger one, where the same
difference is half as many ULP. (Beside a power of two the smaller spacing is taken.)
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from symact import catalog, targets
from symact.activation import Activation
from symact.errors import Error
from symact.kernel import store
from symact.kernel.compiled import CompiledActivation
from symact.oracle.formats import FORMATS
from symact.oracle.oracle import Oracle
from symact.targets.accuracy import program
from symact.verification import execution, exhaustive, farm, record
from symact.verification.accuracy import OUTPUTS, Measurement, oracles, single
from symact.verification.certified import PIECE, Table
from symact.verification.contract import check
from symact.verification.exhaustive import Checkpoint, Judged, Kernel, Tally, Task, by_oracle, judge, variables
from symact.verification.figures import Accuracy

#: Whose kernels are proved input by input, in which passes.
TARGET, LEVEL, PASSES = "c", "accurate", ("forward", "derivative")

#: How much more than the record says an error of the proved kernel may be: the oracle, which judges some of its
#: inputs, knows errors to 2**-10.
_SLACK = 2.0**-9

#: Goes through finished ranges, given how many there will be.
Watch = Callable[[Iterable[Sequence[Tally]], int], Iterable[Sequence[Tally]]]


class Other(NamedTuple):
    """What is compared: a target's kernel of some level, built with some environment variables."""

    target: str
    level: str
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reference:
    """A kernel whose errors are proved at all inputs.

    Attributes:
        pass_: which of the kernels of `TARGET` and `LEVEL`.
        max_ulp: no result is further off.
        correctly_rounded: at least this share of its results is.
        worst: bit pattern of the input with the largest error.
        program: its fingerprint.
        tool: what makes running code of it.
    """

    pass_: str
    max_ulp: float
    correctly_rounded: float
    worst: int
    program: str
    tool: str


@dataclass(frozen=True)
class Comparison:
    """Kernels of one pass, and the reference beside which they are measured; can be sent to another process.

    Attributes:
        reference: what is known of the proved kernel.
        tasks: the others, with the same parameters and polynomials.
    """

    reference: Reference
    tasks: tuple[Task, ...]

    def hashes(self) -> list[str]:
        """For each of the others a hash of everything on which its results depend."""
        own = [str(self.reference), exhaustive.source("beside.c")]
        parts = [[task.key(), str(task.environment), *own] for task in self.tasks]
        return [hashlib.sha256("\0".join(each).encode()).hexdigest()[:32] for each in parts]

    def proved(self) -> Kernel:
        """The reference as a function of one array, loaded here.

        Raises:
            Error: the compiler here is another one.
        """
        first = self.tasks[0]
        own = replace(first, target=TARGET, level=LEVEL, way="", environment=(), tool=self.reference.tool)
        return own.kernel()


@dataclass(frozen=True)
class Finding:
    """What is known of one of the kernels.

    Attributes:
        measurement: with no mean error and a lower bound of the share of correctly rounded results.
        different: how many results are other bits than the reference's.
        exact: whether the largest error is known; else it is no larger than the one that is given, which is the
            reference's, at an input where this kernel's result is another.
    """

    measurement: Measurement
    different: int
    exact: bool


def run(
    activation: Activation | str,
    pass_: str,
    others: Sequence[Other],
    *,
    rows: Iterable[record.Row],
    jobs: int = 1,
    scheduler: str | None = None,
    ranges: Sequence[int] = range(0, 1 << 32, exhaustive.RANGE),
    watch: Watch = lambda items, total: items,
) -> list[Finding]:
    """Measure float32 kernels at every input beside the one that is proved, and check their contract.

    Args:
        activation: a definition, or a catalogue name.
        pass_: one of `PASSES`.
        others: what is measured.
        rows: the record, which has the proof.
        jobs, scheduler, ranges, watch: as for `exhaustive.run`.

    Raises:
        Error: no such pass; there is no proof of today's program, made with today's compiler; some kernels have other
            parameter values or flush subnormal numbers; or as for `exhaustive.run`.
    """
    if pass_ not in PASSES:
        raise Error(f"nothing is proved of the pass '{pass_}' beside which it could be measured", "leave it out")
    activation = catalog.resolve(activation)
    compiled = store.compiled(activation)
    known = reference(rows, compiled, pass_)
    parameters = execution.of(compiled, TARGET, "float32", LEVEL).parameters
    ((output, order),) = OUTPUTS[pass_].items()
    oracle = oracles(activation, parameters)[order]
    table = Table(oracle)
    tasks, loaded = [], []
    for other in others:
        with variables(other.environment):
            how = execution.of(compiled, other.target, "float32", other.level)
        if how.flushes or len(how.runs) > 1 or how.parameters != parameters:
            raise Error(f"kernels of '{other.target}' cannot be compared with those that are proved", "judge them all")
        loaded.append(how)
        tasks.append(Task.of(compiled, how, table, **other._asdict(), pass_=pass_))
    comparison = Comparison(known, tuple(tasks))
    tallies = [Tally()] * len(tasks)
    for part in watch(prove(comparison, oracle, jobs, scheduler, ranges), len(ranges)):
        tallies = [so_far + one for so_far, one in zip(tallies, part, strict=True)]
    complete = len(ranges) * exhaustive.RANGE == 1 << 32
    exact = {name: str(Fraction(value)) for name, value in parameters.items()}
    found = []
    for task, how, tally in zip(tasks, loaded, tallies, strict=True):
        accuracy, certain = _figures(comparison, task, oracle, tally, complete)
        violations = tuple(check(single(how.runs[0].kernels, pass_), oracle, FORMATS["float32"]))
        names = (activation.name, task.target, "float32", pass_, output)
        measurement = Measurement(*names, exact, accuracy, violations, task.level, how.label, tool=how.tool)
        found.append(Finding(measurement, tally.inputs - tally.rounded, certain))
    return found


def possible(compiled: CompiledActivation, target: str, level: str, pass_: str) -> bool:
    """Whether a kernel can be measured beside one that is proved: not itself, and none that flushes or varies."""
    if pass_ not in PASSES or (target, level) == (TARGET, LEVEL):
        return False
    how = execution.of(compiled, target, "float32", level)
    return not how.flushes and len(how.runs) == 1


def reference(rows: Iterable[record.Row], compiled: CompiledActivation, pass_: str) -> Reference:
    """The proved kernel of a pass.

    Args:
        rows: the record.
        compiled: the activation's programs.
        pass_: one of `PASSES`.

    Raises:
        Error: there is no proof at all inputs of today's program, made with today's compiler.
    """
    key, tool = (compiled.name, TARGET, "float32", LEVEL, pass_), targets.tool(TARGET)
    today = program(compiled, TARGET, "float32", LEVEL, pass_)
    for row in rows:
        right = not row["failures"] and not row["violations"] and row["max_ulp"] < 1 - _SLACK
        own = tuple(row[name] for name in (*record.KEY, "program", "tool")) == (*key, today, tool)
        if own and record.proved(row) and right:
            worst = np.float32(float.fromhex(row["worst"]["x"]))
            bits = int(worst.view(np.uint32))
            return Reference(pass_, row["max_ulp"], row["correctly_rounded"], bits, today, tool)
    command = (
        f"scripts/record_accuracy.py {compiled.name} --exhaustive --target {TARGET} --level {LEVEL} --pass {pass_}"
    )
    raise Error(
        f"{pass_} of {compiled.name} at level {LEVEL} is not proved for today's program and compiler, "
        "so nothing can be measured beside it",
        f"prove it first: python {command}",
    )


def beside(comparison: Comparison, kernels: Sequence[Kernel], proved: Kernel, first: int, count: int) -> list[Judged]:
    """Compare kernels with the reference on the bit patterns from `first` on, and judge what may be the worst.

    Args:
        comparison: what is measured.
        kernels: one for each of its tasks.
        proved: that of its reference.
        first: a bit pattern.
        count: how many; the range may not hold patterns of both signs.

    Returns:
        For each kernel the largest error, how many results are the reference's (`rounded`) and failures; and the
        (input, result) bit patterns for the oracle.
    """
    task, bound = comparison.tasks[0], comparison.reference.max_ulp + _SLACK
    tallies = [np.zeros((), exhaustive.TALLY) for _ in kernels]
    open_: list[list[tuple[int, int]]] = [[] for _ in kernels]
    listed = np.empty(exhaustive.ROOM, np.uint32)
    for bits in exhaustive.chunks(first, count):
        x, start = bits.view(np.float32), int(bits[0])
        right = np.ascontiguousarray(proved(x), np.float32)
        parts = [(part, np.array(piece, PIECE)) for part, piece in exhaustive.on_pieces(task, bits)]
        alone = [slice(at - start, at - start + 1) for at in exhaustive.on_none(task, bits)]
        nans = slice(min(max(0x7F800001 - (start & 0x7FFFFFFF), 0), len(bits)), len(bits))
        for kernel, tally, pairs in zip(kernels, tallies, open_, strict=True):
            got = np.ascontiguousarray(kernel(x), np.float32)
            tally["open"] = 0
            for part, piece in (*parts, *((part, None) for part in (*alone, nans))):
                _beside()(
                    part.stop - part.start,
                    start + part.start,
                    x[part].ctypes.data,
                    right[part].ctypes.data,
                    got[part].ctypes.data,
                    None if piece is None else piece.ctypes.data,
                    bound,
                    tally.ctypes.data,
                    listed.ctypes.data,
                    len(listed),
                )
            pairs.extend(exhaustive.for_the_oracle(exhaustive.left_open(tally, listed), bits, got))
    return [(exhaustive.counted(tally), pairs) for tally, pairs in zip(tallies, open_, strict=True)]


def prove(
    comparison: Comparison, oracle: Oracle, jobs: int = 1, scheduler: str | None = None, ranges: Sequence[int] = ()
) -> Iterator[Sequence[Tally]]:
    """For each range the tallies of all kernels, as it is finished; those of an earlier run come first.

    Args:
        comparison: what is measured.
        oracle: the function that the kernels should be.
        jobs, scheduler, ranges: as for `run`.
    """
    books = [Checkpoint(key) for key in comparison.hashes()]
    done = [book.read() for book in books]
    known = [first for first in ranges if all(first in one for one in done)]
    yield from ([one[first] for one in done] for first in known)
    for first, judged in _compared(comparison, [first for first in ranges if first not in known], jobs, scheduler):
        tallies = [one + by_oracle(oracle, pairs) for one, pairs in judged]
        for book, tally in zip(books, tallies, strict=True):
            assert tally.inputs == exhaustive.RANGE, f"of the range at {first:#x} not all inputs were compared"
            book.add(first, tally)
        yield tallies


def _compared(
    comparison: Comparison, firsts: Sequence[int], jobs: int, scheduler: str | None
) -> Iterator[tuple[int, list[Judged]]]:
    """The ranges' results as they come."""
    work = [(comparison, first, exhaustive.RANGE) for first in firsts]
    if jobs == 1 and scheduler is None:
        yield from map(_numbered, work)
    else:
        yield from farm.each(_numbered, work, jobs, scheduler)


def _numbered(range_: tuple[Comparison, int, int]) -> tuple[int, list[Judged]]:
    comparison, first, count = range_
    return first, beside(comparison, *_loaded(comparison), first, count)


#: The kernels that were used last, with the keys of their comparison: a worker loads them once.
_kernels: dict[tuple[str, ...], tuple[list[Kernel], Kernel]] = {}


def _loaded(comparison: Comparison) -> tuple[list[Kernel], Kernel]:
    key = tuple(comparison.hashes())
    if key not in _kernels:
        _kernels.clear()
        _kernels[key] = ([task.kernel() for task in comparison.tasks], comparison.proved())
    return _kernels[key]


def _figures(comparison: Comparison, task: Task, oracle: Oracle, tally: Tally, complete: bool) -> tuple[Accuracy, bool]:
    """The figures of one kernel, and whether the largest error is known and not only a bound."""
    known = comparison.reference
    largest, worst = _largest(comparison, task, oracle, tally)
    exact = worst is not None
    tally = replace(tally, largest=largest, worst=known.worst if worst is None else worst)
    found = exhaustive.figures(task, oracle, tally, complete)
    different = tally.inputs - tally.rounded
    share = tally.rounded / tally.inputs - (1 - known.correctly_rounded)
    proof = (
        f"beside {known.pass_} of {TARGET} {LEVEL}, of which all inputs are proved to be within {known.max_ulp} ULP: "
        f"{different} results differ from it; those that may be the worst were judged {found.proof}; "
        "at least so many results are correctly rounded"
    )
    return replace(found, mean_ulp=None, correctly_rounded=max(share, 0.0), proof=proof), exact


def _largest(comparison: Comparison, task: Task, oracle: Oracle, tally: Tally) -> tuple[float, int | None]:
    """The largest error at all inputs and the bit pattern of its input; a bound and None where that is not known.

    Results that are the reference's are no worse than its worst one.
    """
    bits = comparison.reference.worst
    x = np.array([bits], np.uint32).view(np.float32)
    result = comparison.proved()(x)
    judged, open_ = judge(task, lambda _: result, bits, 1)
    own = (judged + by_oracle(oracle, open_)).largest
    if tally.largest >= own:
        return tally.largest, tally.worst
    return own, bits if task.kernel()(x).tobytes() == result.tobytes() else None


@lru_cache
def _beside() -> Any:
    """`symact_beside`, compiled."""
    sources = {name: exhaustive.source(name) for name in ("beside.c", "judge.h")}
    function = exhaustive.judging_library("beside", sources).symact_beside
    pointer = ctypes.c_void_p
    sizes = (ctypes.c_size_t, ctypes.c_uint32)
    function.argtypes = [*sizes, *[pointer] * 4, ctypes.c_double, *[pointer] * 2, ctypes.c_size_t]
    function.restype = None
    return function
