"""All 2**32 float32 inputs of a kernel against a reference with a proved error.

The inputs are cut into ranges. A range's results are judged by polynomials from `symact.verification.certified`; the
few inputs that they leave open (roots, points between pieces, results beside a power of two) are decided by the oracle.
Finished ranges are kept in the user's cache, so an interrupted run goes on where it was.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact import catalog, targets
from symact.activation import Activation
from symact.errors import Error
from symact.files import write_whole
from symact.kernel import store
from symact.kernel.compiled import CompiledActivation
from symact.oracle.formats import FORMATS
from symact.oracle.oracle import Oracle
from symact.targets import c
from symact.targets.accuracy import program
from symact.verification import accuracy, execution, farm
from symact.verification.accuracy import MULTIPLYING, OUTPUTS, Accuracy, Measurement, in_way, oracles, single, worst
from symact.verification.certified import PIECE, Table, UncertifiedError, values
from symact.verification.contract import check, compare

#: How many bit patterns a range has, and how many of them a kernel is called with at once.
RANGE, CHUNK = 1 << 24, 1 << 17

#: How many inputs of a chunk may be left to the oracle (beside 1, where an ULP is halved, a third of them), and up
#: to how many undecided ones it is asked for.
ROOM, _SPARE = 1 << 17, 64

_FLOAT32 = FORMATS["float32"]
_INFINITY = 0x7F800000

#: The counts of a range, in the order and with the types of `tally` in judge.h.
TALLY = np.dtype(
    [
        ("largest", np.float64),
        ("total", np.float64),
        *((name, np.uint64) for name in ("inputs", "rounded", "undecided", "open", "failures")),
        ("worst", np.uint32),
        ("failure", np.uint32),
    ],
    align=True,
)

#: Goes through finished ranges, given how many there will be.
Watch = Callable[[Iterable["Tally"], int], Iterable["Tally"]]

Kernel = Callable[[NDArray[np.float32]], NDArray[np.float32]]

#: What is known of a range, and the (input, result) bit patterns that are for the oracle.
Judged = tuple["Tally", list[tuple[int, int]]]


@dataclass(frozen=True)
class Task:
    """What a worker has to know: everything in it can be sent to another process or machine.

    Attributes:
        compiled: the activation's programs.
        target, level: which kernels run.
        pass_: which of them.
        position: which of its results.
        parameters: the values in force.
        pieces: for each side the polynomials.
        single: the bit patterns without one, sorted.
        tool: what makes running code of the kernels, which has to be the same everywhere.
        way: the name of that of the ways in which the kernels may come out (`symact.verification.execution.Run`).
        environment: variables that are set while the kernels are built and loaded, such as CC.
    """

    compiled: CompiledActivation
    target: str
    level: str
    pass_: str
    position: int
    parameters: tuple[tuple[str, float], ...]
    pieces: dict[int, NDArray[np.void]]
    single: NDArray[np.uint32]
    tool: str
    way: str = ""
    environment: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(
        cls,
        compiled: CompiledActivation,
        how: execution.Execution,
        table: Table,
        *,
        target: str,
        level: str,
        pass_: str,
        position: int = 0,
        environment: tuple[tuple[str, str], ...] = (),
    ) -> Task:
        """The task for kernels that were loaded here, given the polynomials of what they should be."""
        return cls(
            compiled=compiled,
            target=target,
            level=level,
            pass_=pass_,
            position=position,
            parameters=tuple(how.parameters.items()),
            pieces=table.pieces,
            single=np.array(sorted(set(table.single)), np.uint32),
            tool=how.tool,
            environment=environment,
        )

    def kernel(self) -> Kernel:
        """The kernel as a function of one array, loaded here; what is flushed by right is replaced.

        Raises:
            Error: the compiler or library here is another one.
        """
        with variables(self.environment):
            how = execution.of(self.compiled, self.target, "float32", self.level)
        here = how.tool
        if here != self.tool:
            raise Error(f"a worker has the kernels of '{here}', not those of '{self.tool}'", "give it the same tool")
        kernels = next(run.kernels for run in how.runs if run.name == self.way)
        parameters = dict(self.parameters)
        plain = single(kernels, self.pass_, self.position, **parameters)
        return partial(_unflushed, plain, self.pieces) if how.flushes else plain

    def at_zero(self) -> NDArray[np.float32] | None:
        """The results at 0 and -0 where the target takes subnormal numbers for them, else None."""
        how = execution.of(self.compiled, self.target, "float32", self.level)
        return self.kernel()(np.array([0.0, -0.0], np.float32)) if how.flushes else None

    def key(self) -> str:
        """Hash of everything on which the results depend."""
        templates = sorted((targets.data("templates") / self.target).glob("*"))
        texts = [path.read_text(encoding="utf-8") for path in templates]
        kernel = program(self.compiled, self.target, "float32", self.level, self.pass_)
        flags = dict(self.environment).get("CFLAGS", os.environ.get("CFLAGS", ""))
        parts = [kernel, self.tool, flags, self.level, self.pass_, str(self.position), str(self.parameters), self.way]
        data = b"".join(self.pieces[side].tobytes() for side in (1, -1))
        return hashlib.sha256("\0".join([*parts, *texts, *_sources().values()]).encode() + data).hexdigest()[:32]


@contextmanager
def variables(environment: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Environment variables as they are for a while."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True)
class Tally:
    """What is known of some inputs.

    Attributes:
        inputs: how many.
        rounded: how many results are surely the correctly rounded ones.
        undecided: for how many the bound leaves open which neighbour that is; the error is known all the same.
        failures: how many are a wrong NaN or infinity, or a zero of the wrong sign.
        largest, total: of the errors in ULP; each error is an upper bound, by at most 2^-13 too large.
        worst: bit pattern of the input with the largest error.
        examples: bit patterns of some failures.
    """

    inputs: int = 0
    rounded: int = 0
    undecided: int = 0
    failures: int = 0
    largest: float = 0.0
    total: float = 0.0
    worst: int = 0
    examples: tuple[int, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        worse = self if self.largest >= other.largest else other
        return Tally(
            self.inputs + other.inputs,
            self.rounded + other.rounded,
            self.undecided + other.undecided,
            self.failures + other.failures,
            worse.largest,
            self.total + other.total,
            worse.worst,
            (*self.examples, *other.examples)[:5],
        )


def run(
    activation: Activation | str,
    target: str = "c",
    pass_: str = "forward",
    *,
    level: str = "accurate",
    jobs: int = 1,
    scheduler: str | None = None,
    ranges: Sequence[int] = range(0, 1 << 32, RANGE),
    watch: Watch = lambda items, total: items,
) -> tuple[Measurement, ...]:
    """Measure a pass of a target's float32 kernels at every input and check its contract; one measurement an output.

    Where no reference can be certified, a sample is measured instead, and the measurement says so.

    Args:
        activation: a definition, a catalogue name, or an expression in ``x``; its parameters' values are in force.
        target: one that can run here.
        pass_: one that does not multiply: what has two inputs has 2**64 pairs of them.
        level: of the kernels.
        jobs: processes at once; -1 for one a core.
        scheduler: a backend of joblib, such as "dask"; None for processes here.
        ranges: the first patterns of the ranges to do, all of them by default.
        watch: goes through the finished ranges' tallies, for a progress bar; it gets them and how many they are.

    Raises:
        Error: no such pass, the target cannot run here, or joblib is needed and missing.
    """
    passes = [name for name in OUTPUTS if name not in MULTIPLYING]
    if pass_ not in passes:
        raise Error(f"the pass '{pass_}' cannot be measured at all inputs", f"use one of {', '.join(passes)}")
    activation = catalog.resolve(activation)
    type_ = targets.get(target).type("float32", level)
    compiled = store.compiled(activation, type_.arithmetics, tables=type_.searched_tables)
    how = execution.of(compiled, target, "float32", level)
    exact = {name: str(Fraction(value)) for name, value in how.parameters.items()}
    functions = oracles(activation, how.parameters)
    found = []
    for position, (output, order) in enumerate(OUTPUTS[pass_].items()):
        oracle = functions[order]
        try:
            table = Table(oracle)
        except UncertifiedError as error:
            sampled = accuracy.run(activation, target, "float32", pass_, level=level)[position]
            proof = f"a sample, for there is no certified reference: {error}"
            found.append(replace(sampled, accuracy=replace(sampled.accuracy, proof=proof)))
            continue
        task = Task.of(compiled, how, table, target=target, level=level, pass_=pass_, position=position)
        ways = []
        for way in how.different(pass_):
            task = replace(task, way=way.name)
            tally = sum(watch(prove(task, oracle, jobs, scheduler, ranges), len(ranges)), Tally())
            its = figures(task, oracle, tally, len(ranges) * RANGE == 1 << 32)
            call = how.judged(single(way.kernels, pass_, position), oracle, _FLOAT32)
            names = (activation.name, target, "float32", pass_, output)
            own = Measurement(*names, exact, its, tuple(check(call, oracle, _FLOAT32)), level)
            ways.append(in_way(own, way))
        found.append(replace(worst(ways), executed=how.label, tool=how.tool))
    return tuple(found)


def figures(task: Task, oracle: Oracle, tally: Tally, complete: bool) -> Accuracy:
    """The figures of a tally, with the worst input and some failures looked at again by the oracle."""
    pieces = sum(map(len, task.pieces.values()))
    bits = np.array([tally.worst, *tally.examples], np.uint32)
    x = _FLOAT32.decode(bits.view(np.float32))
    got = task.kernel()(bits.view(np.float32))
    reference = oracle.reference(x, _FLOAT32)
    numbers = {"x": x[0], "got": got[0], "expected": reference.rounded[0]}
    return Accuracy(
        format=_FLOAT32.name,
        method="exhaustive" if complete else "sampled",
        inputs=tally.inputs,
        max_ulp=tally.largest,
        mean_ulp=tally.total / max(tally.inputs, 1),
        worst={name: float(value).hex() for name, value in numbers.items()},
        correctly_rounded=tally.rounded / max(tally.inputs, 1),
        failures=tally.failures,
        examples=tuple(compare(got, reference, x)) if tally.examples else (),
        undecided=tally.undecided,
        proof=f"against {pieces} polynomials that are within 2^-14 ULP of the definition, as ball arithmetic proves",
    )


def judge(task: Task, kernel: Kernel, first: int, count: int) -> Judged:
    """Run a kernel on the bit patterns from `first` on and judge its results.

    Args:
        task: what is measured.
        kernel: its kernel.
        first: a bit pattern.
        count: how many; the range may not hold patterns of both signs.

    Returns:
        What the polynomials decide, and the (input, result) bit patterns for the oracle.
    """
    found, open_ = Tally(), []
    for bits in chunks(first, count):
        got = np.ascontiguousarray(kernel(bits.view(np.float32)), np.float32)
        for spare in (_SPARE, 0):
            tally, listed = np.zeros((), TALLY), np.empty(ROOM, np.uint32)
            for part, piece in on_pieces(task, bits):
                polynomial = np.array(piece, PIECE)  # by a name: an address alone does not keep it from other threads
                _judge()(
                    part.stop - part.start,
                    int(bits[part.start]),
                    bits[part].ctypes.data,
                    got[part].ctypes.data,
                    polynomial.ctypes.data,
                    tally.ctypes.data,
                    listed.ctypes.data,
                    ROOM,
                    spare,
                )
            if not tally["undecided"]:  # else they are too many, and it would not help to ask for some of them
                break
        found += counted(tally) + _nans(bits, got)
        open_ += for_the_oracle([*left_open(tally, listed), *on_none(task, bits)], bits, got)
    return found, open_


def chunks(first: int, count: int) -> Iterator[NDArray[np.uint32]]:
    """The bit patterns of a range, as many at once as a kernel is called with."""
    counting = np.arange(min(count, CHUNK), dtype=np.uint32)
    for start in range(first, first + count, CHUNK):
        yield counting[: first + count - start] + np.uint32(start)


def on_pieces(task: Task, bits: NDArray[np.uint32]) -> Iterator[tuple[slice, NDArray[np.void]]]:
    """The parts of some bit patterns, which follow each other and have one sign, that lie on polynomials."""
    pieces = task.pieces[-1 if bits[0] & 0x80000000 else 1]
    low, high = int(bits[0]) & 0x7FFFFFFF, int(bits[-1]) & 0x7FFFFFFF
    from_, to = np.searchsorted(pieces["last"], [low, high])
    for piece in pieces[from_ : to + 1]:
        begin, end = max(int(piece["first"]), low), min(int(piece["last"]), high)
        if begin <= end:
            yield slice(begin - low, end - low + 1), piece


def on_none(task: Task, bits: NDArray[np.uint32]) -> list[int]:
    """Those of some bit patterns, which follow each other, that no polynomial covers; NaNs are not among them."""
    found: list[int] = task.single[slice(*np.searchsorted(task.single, [bits[0], int(bits[0]) + len(bits)]))].tolist()
    return found


def left_open(tally: NDArray[np.void], listed: NDArray[np.uint32]) -> list[int]:
    """The bit patterns that compiled C left open.

    Raises:
        Error: they are more than there was room for.
    """
    if tally["open"] > len(listed):
        raise Error("the reference leaves too many inputs open", "measure it on a sample")
    found: list[int] = listed[: int(tally["open"])].tolist()
    return found


def for_the_oracle(
    patterns: Iterable[int], bits: NDArray[np.uint32], got: NDArray[np.float32]
) -> list[tuple[int, int]]:
    """Bit patterns with those of the results at them, given the results at patterns that follow each other."""
    start, results = int(bits[0]), got.view(np.uint32)
    return [(pattern, int(results[pattern - start])) for pattern in patterns]


def counted(tally: NDArray[np.void]) -> Tally:
    """What compiled C counted."""
    return Tally(
        inputs=int(tally["inputs"]),
        rounded=int(tally["rounded"]),
        undecided=int(tally["undecided"]),
        failures=int(tally["failures"]),
        largest=float(tally["largest"]),
        total=float(tally["total"]),
        worst=int(tally["worst"]),
        examples=(int(tally["failure"]),) if tally["failures"] else (),
    )


def _nans(bits: NDArray[np.uint32], got: NDArray[np.float32]) -> Tally:
    """NaN in, NaN out, whatever the payload."""
    if bits[-1] & 0x7FFFFFFF <= _INFINITY:
        return Tally()
    inside = (bits & 0x7FFFFFFF) > _INFINITY
    wrong = bits[inside & ~np.isnan(got)]
    count = int(inside.sum())
    return Tally(count, count - len(wrong), failures=len(wrong), examples=tuple(wrong[:5].tolist()))


def by_oracle(oracle: Oracle, pairs: Sequence[tuple[int, int]], at_zero: NDArray[np.float32] | None = None) -> Tally:
    """The same counts from the definition itself, for (input, result) bit patterns.

    Where the target flushes subnormal numbers, `at_zero` is what it gives at 0 and -0.
    """
    if not pairs:
        return Tally()
    bits, results = np.array(pairs, np.uint32).T
    x = _FLOAT32.decode(np.ascontiguousarray(bits).view(np.float32))
    got = np.ascontiguousarray(results).view(np.float32)
    reference = oracle.reference(x, _FLOAT32)
    if at_zero is not None:
        zeros, exact = at_zero[np.signbit(x).astype(int)], reference.rounded
        got = execution.forgiven(got, exact, exact, x, zeros, format=_FLOAT32)
    errors = reference.errors(got)
    right = (got == reference.values) & (np.signbit(got) == np.signbit(reference.values))
    right |= np.isnan(got) & np.isnan(reference.values)
    numeric = np.isfinite(errors)
    worst = int(np.argmax(np.where(numeric, errors, -1.0)))
    return Tally(
        inputs=len(bits),
        rounded=int(right.sum()),
        failures=int((~numeric).sum()),
        largest=float(errors[numeric].max(initial=0.0)),
        total=float(errors[numeric].sum()),
        worst=int(bits[worst]),
        examples=tuple(bits[~numeric][:5].tolist()),
    )


def prove(
    task: Task, oracle: Oracle, jobs: int = 1, scheduler: str | None = None, ranges: Sequence[int] = ()
) -> Iterator[Tally]:
    """The tally of each range, as it is finished; those that an earlier run finished come first.

    Args:
        task: what is measured.
        oracle: the function that it should be.
        jobs, scheduler, ranges: as for `run`.
    """
    book = Checkpoint(task.key())
    done = book.read()
    at_zero = task.at_zero()
    yield from (done[first] for first in ranges if first in done)
    for first, (judged, pairs) in _judged(task, [first for first in ranges if first not in done], jobs, scheduler):
        tally = judged + by_oracle(oracle, pairs, at_zero)
        assert tally.inputs == RANGE, f"{RANGE - tally.inputs} inputs of the range at {first:#x} were not judged"
        book.add(first, tally)
        yield tally


def _judged(task: Task, firsts: Sequence[int], jobs: int, scheduler: str | None) -> Iterator[tuple[int, Judged]]:
    """The ranges' results as they come."""
    if jobs == 1 and scheduler is None:
        kernel = task.kernel()
        yield from ((first, judge(task, kernel, first, RANGE)) for first in firsts)
    else:
        yield from farm.each(_numbered, [(task, first, RANGE) for first in firsts], jobs, scheduler)


def _numbered(range_: tuple[Task, int, int]) -> tuple[int, Judged]:
    task, first, count = range_
    return first, judge(task, _kernel(task), first, count)


#: The kernel that was used last, with its task's key: a worker loads it once.
_loaded: dict[str, Kernel] = {}


def _kernel(task: Task) -> Kernel:
    key = task.key()
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = task.kernel()
    return _loaded[key]


def folder() -> Path:
    """Where finished ranges are kept."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("symact")) / "exhaustive"


class Checkpoint:
    """The finished ranges of one task, in the user's cache; written whole or not at all."""

    def __init__(self, key: str) -> None:
        self.path = folder() / f"{key}.json"
        self._done: dict[int, Tally] = {}

    def read(self) -> dict[int, Tally]:
        """First bit pattern -> tally; empty where there is none, or none that can be read."""
        try:
            lines = json.loads(self.path.read_text(encoding="utf-8"))
            self._done = {int(first): Tally(**{**t, "examples": tuple(t["examples"])}) for first, t in lines.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            self._done = {}
        return dict(self._done)

    def add(self, first: int, tally: Tally) -> None:
        """Note a range; where the cache cannot be written, it is only not resumed."""
        self._done[first] = tally
        with suppress(OSError):
            write_whole(self.path, json.dumps({first: vars(tally) for first, tally in self._done.items()}))


def _unflushed(kernel: Kernel, pieces: dict[int, NDArray[np.void]], x: NDArray[np.float32]) -> NDArray[np.float32]:
    """A kernel's results at `x`, with those that its target flushes by right replaced by what the polynomials say."""
    got = np.array(kernel(x), np.float32)
    at_zero = kernel(np.array([0.0, -0.0], np.float32))[np.signbit(x).astype(int)]
    bits = x.view(np.uint32)
    small = 3 * _FLOAT32.smallest_normal
    doubtful = (np.abs(got) < small) | (np.abs(x) < small)
    for side, lines in pieces.items():
        chosen = np.flatnonzero(doubtful & (np.signbit(x) == (side < 0)))
        sizes = bits[chosen] & 0x7FFFFFFF
        own = lines[np.searchsorted(lines["last"], sizes).clip(max=len(lines) - 1)]
        on = (own["first"] <= sizes) & (sizes <= own["last"]) & (own["zero"] == 0)
        chosen, own = chosen[on], own[on]
        inputs = _FLOAT32.decode(x[chosen])
        right = _FLOAT32.decode(values(own, inputs).astype(np.float32))
        got[chosen] = execution.forgiven(got[chosen], right, right, inputs, at_zero[chosen], format=_FLOAT32)
    return got


def source(name: str) -> str:
    """The text of one of the C files beside this module."""
    return files("symact.verification").joinpath(name).read_text(encoding="utf-8")


def _sources() -> dict[str, str]:
    return {name: source(name) for name in ("exhaustive.c", "judge.h")}


def judging_library(name: str, sources: Mapping[str, str]) -> ctypes.CDLL:
    """A library of compiled C that judges results.

    Raises:
        Error: there is no C compiler.
    """
    reason = c.missing()
    if reason is not None:
        raise Error(f"all float32 inputs cannot be judged here: {reason}")
    return c.library(name, sources, ["-std=c99", "-O3", "-fPIC", "-fno-math-errno", "-fno-trapping-math"])


@lru_cache
def _judge() -> Any:
    """`symact_judge`, compiled."""
    function = judging_library("judge", _sources()).symact_judge
    pointer = ctypes.c_void_p
    function.argtypes = [ctypes.c_size_t, ctypes.c_uint32, *[pointer] * 5, ctypes.c_size_t, ctypes.c_size_t]
    function.restype = None
    return function
