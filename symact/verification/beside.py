"""All 2**32 float32 inputs of a kernel beside those of one that is proved: level `accurate` in C.

Where a result of that kernel is known to be less than b ULP off, another kernel's result at the same input that differs
from it by d ULP has an error between d - b and d + b. So only the results whose d + b is above the largest error found so
far have to be judged by polynomials (`symact.verification.exhaustive`), which are few; all others are compared as
numbers. The largest error and its input are those that judging every input finds, in a fraction of the time. What is
not known afterwards is the mean error; of the share of correctly rounded results there is a lower bound.

Two facts make differences ULP of the exact value: the proved kernel is less than 1 ULP off, so its result has the exact
value's sign; and if it is not a power of two, the exact value is in its binade or the next larger one, where the same
difference is half as many ULP. (Beside a power of two the smaller spacing is taken.)
"""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact import catalog, targets
from symact.activation import Activation
from symact.errors import Error
from symact.kernel.compiled import CompiledActivation
from symact.oracle.oracle import Oracle
from symact.targets.accuracy import program
from symact.verification import execution, exhaustive, record
from symact.verification.accuracy import OUTPUTS, Measurement, single
from symact.verification.certified import PIECE
from symact.verification.exhaustive import (
    RANGE,
    ROOM,
    TALLY,
    Judged,
    Judging,
    Kernel,
    Tally,
    Task,
    Watch,
    by_oracle,
    chunks,
    counted,
    for_the_oracle,
    judge,
    left_open,
    on_none,
    on_pieces,
)
from symact.verification.figures import Accuracy

#: Whose kernels are proved input by input.
TARGET, LEVEL = "c", "accurate"

#: The pass that is proved for each derivative of f.
PASSES = ("forward", "derivative", "second_derivative")

#: How much more than the record says an error of the proved kernel may be: the oracle, which judges some of its
#: inputs, knows errors to 2**-10.
_SLACK = 2.0**-9


@dataclass(frozen=True)
class Reference:
    """A kernel whose errors are proved at all inputs.

    Attributes:
        pass_: which of the kernels of `TARGET` and `LEVEL`.
        max_ulp: no result is further off.
        correctly_rounded: at least this share of its results is.
        worst: the input with the largest error.
        program: its fingerprint.
        tool: what makes running code of it.
    """

    pass_: str
    max_ulp: float
    correctly_rounded: float
    worst: float
    program: str
    tool: str


@dataclass(frozen=True, kw_only=True)
class Comparison(Task):
    """A task whose inputs are judged beside a reference."""

    reference: Reference

    def key(self) -> str:
        """Hash of everything on which the results depend."""
        parts = [super().key(), str(self.reference), exhaustive.source("beside.c")]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def proved(self) -> Kernel:
        """The reference as a function of one array, loaded here.

        Raises:
            Error: the compiler here is another one.
        """
        how = execution.of(self.compiled, TARGET, "float32", LEVEL)
        if how.tool != self.reference.tool:
            raise Error(
                f"a worker has the kernels of '{how.tool}', not those of '{self.reference.tool}'",
                "give it the same tool",
            )
        return single(how.runs[0].kernels, self.reference.pass_, **dict(self.parameters))

    def judging(self) -> Judging:
        """What judges a range, with both kernels loaded here."""
        return partial(beside, self, self.kernel(), self.proved())

    def figures(self, oracle: Oracle, tally: Tally, complete: bool) -> Accuracy:
        """The figures of a tally, in which `rounded` counts the results that are the reference's.

        Raises:
            Error: only a bound of the largest error is known.
        """
        largest, worst = self.largest(oracle, tally)
        if worst is None:
            raise Error(
                f"the largest error is only known to lie between {tally.largest:.4f} and {largest:.4f} ULP",
                "prove it with --direct",
            )
        found = super().figures(oracle, replace(tally, largest=largest, worst=worst), complete)
        different = tally.inputs - tally.rounded
        right = tally.rounded / tally.inputs - (1 - self.reference.correctly_rounded)
        return replace(
            found,
            mean_ulp=None,
            correctly_rounded=max(right, 0.0),
            proof=f"beside {self.reference.pass_} of {TARGET} {LEVEL}, proved at all inputs to be within "
            f"{self.reference.max_ulp} ULP: {different} results differ from it, and those that may be the worst were "
            f"judged {found.proof}; of correctly rounded results there are at least so many",
        )

    def largest(self, oracle: Oracle, tally: Tally) -> tuple[float, int | None]:
        """The largest error of all inputs and the bit pattern of its input; a bound and None where that is not known.

        Results that are the reference's are no worse than its worst one.
        """
        worst = np.array([self.reference.worst], np.float32)
        result = self.proved()(worst)
        bits = int(worst.view(np.uint32)[0])
        judged, open_ = judge(self, lambda _: result, bits, 1)
        own = (judged + by_oracle(oracle, open_)).largest
        if tally.largest >= own:
            return tally.largest, tally.worst
        return own, bits if self.kernel()(worst).tobytes() == result.tobytes() else None


def beside(task: Comparison, kernel: Kernel, reference: Kernel, first: int, count: int) -> Judged:
    """Compare a kernel with the reference on the bit patterns from `first` on, and judge what may be the worst.

    Args:
        task: what is measured.
        kernel: its kernel.
        reference: that of its reference.
        first: a bit pattern.
        count: how many; the range may not hold patterns of both signs.

    Returns:
        The largest error, how many results are the reference's (`rounded`) and failures; and the (input, result) bit
        patterns for the oracle.
    """
    tally, listed, open_ = np.zeros((), TALLY), np.empty(ROOM, np.uint32), []
    bound = task.reference.max_ulp + _SLACK
    for bits in chunks(first, count):
        x = bits.view(np.float32)
        got, right = (np.ascontiguousarray(one(x), np.float32) for one in (kernel, reference))
        tally["open"] = 0
        alone = [(slice(at, at + 1), None) for at in (pattern - int(bits[0]) for pattern in on_none(task, bits))]
        nans = slice(int(np.searchsorted(bits & 0x7FFFFFFF, 0x7F800000, "right")), len(bits))
        for part, piece in (*on_pieces(task, bits), *alone, (nans, None)):
            _beside()(
                part.stop - part.start,
                int(bits[0]) + part.start,
                x[part].ctypes.data,
                right[part].ctypes.data,
                got[part].ctypes.data,
                None if piece is None else np.array(piece, PIECE).ctypes.data,
                bound,
                tally.ctypes.data,
                listed.ctypes.data,
                ROOM,
            )
        open_ += for_the_oracle(left_open(tally, listed), bits, got)
    return counted(tally), open_


def run(
    activation: Activation | str,
    target: str = "c",
    pass_: str = "forward",
    *,
    level: str,
    rows: Iterable[record.Row],
    jobs: int = 1,
    scheduler: str | None = None,
    ranges: Sequence[int] = range(0, 1 << 32, RANGE),
    watch: Watch = lambda items, total: items,
) -> tuple[Measurement, ...]:
    """Measure a pass of a target's float32 kernels at every input beside the kernels that are proved.

    Args:
        activation: a definition, or a catalogue name.
        target, pass_, level, jobs, scheduler, ranges, watch: as for `exhaustive.run`.
        rows: the record that has the proofs.

    Returns:
        The measurements; they have no mean error, and of the share of correctly rounded results a lower bound.

    Raises:
        Error: as for `exhaustive.run`; or there is no proof of today's program and compiler, the kernels flush
            subnormal numbers, or only a bound of the largest error is known.
    """
    activation = catalog.resolve(activation)
    known = list(rows)

    def judged(task: Task) -> Comparison:
        return comparison(task, reference(known, task.compiled, list(OUTPUTS[pass_].values())[task.position]))

    return exhaustive.run(
        activation,
        target,
        pass_,
        level=level,
        jobs=jobs,
        scheduler=scheduler,
        ranges=ranges,
        watch=watch,
        judged=judged,
    )


def possible(compiled: CompiledActivation, target: str, pass_: str, level: str) -> bool:
    """Whether a pass can be compared: it is none of those that others are compared with, and nothing is flushed."""
    own = (target, level) == (TARGET, LEVEL) and pass_ in PASSES
    return not own and not execution.of(compiled, target, "float32", level).flushes


def comparison(task: Task, reference: Reference) -> Comparison:
    """A task that is judged beside a reference.

    Raises:
        Error: the kernels flush subnormal numbers, or have other parameter values than the reference.
    """
    if execution.of(task.compiled, task.target, "float32", task.level).flushes:
        raise Error(f"'{task.target}' flushes subnormal numbers, which cannot be compared", "prove it with --direct")
    values = execution.of(task.compiled, TARGET, "float32", LEVEL).parameters
    if dict(task.parameters) != dict(values):
        raise Error("the kernels that are proved have other parameter values", "prove it with --direct")
    return Comparison(**{field.name: getattr(task, field.name) for field in fields(Task)}, reference=reference)


def reference(rows: Iterable[record.Row], compiled: CompiledActivation, order: int) -> Reference:
    """The proved kernel of f or a derivative.

    Args:
        rows: the record.
        compiled: the activation's programs.
        order: which derivative.

    Raises:
        Error: there is no proof at all inputs of today's program, made with today's compiler.
    """
    pass_, tool = PASSES[order], targets.tool(TARGET)
    key = (compiled.name, TARGET, "float32", LEVEL, pass_)
    today = program(compiled, TARGET, "float32", LEVEL, pass_)
    for row in rows:
        whole = record.proved(row) and not row["failures"] and not row["violations"]
        if tuple(row[name] for name in record.KEY) == key and row["program"] == today and row["tool"] == tool and whole:
            worst = float.fromhex(row["worst"]["x"])
            return Reference(pass_, row["max_ulp"], row["correctly_rounded"], worst, today, tool)
    command = f"scripts/record_accuracy.py {compiled.name} --exhaustive --target {TARGET} --level {LEVEL} --pass {pass_}"
    raise Error(
        f"{pass_} of {compiled.name} at level {LEVEL} is not proved for today's program and compiler, "
        "so nothing can be measured beside it",
        f"prove it first: {command}",
    )


@lru_cache
def _beside() -> Any:
    """`symact_beside`, compiled."""
    sources = {name: exhaustive.source(name) for name in ("beside.c", "judge.h")}
    function = exhaustive.judging_library("beside", sources).symact_beside
    pointer = ctypes.c_void_p
    function.argtypes = [
        ctypes.c_size_t,
        ctypes.c_uint32,
        *[pointer] * 4,
        ctypes.c_double,
        *[pointer] * 2,
        ctypes.c_size_t,
    ]
    function.restype = None
    return function
