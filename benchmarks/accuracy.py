"""How wrong results are, on two samples of inputs, against symact's oracle (ball arithmetic on the definition)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tasks import Arrays, Task, aligned, definition
from symact.oracle.formats import get
from symact.oracle.oracle import Oracle
from symact.oracle.samples import inputs
from symact.verification.accuracy import oracles

#: How many of the inputs that are timed are looked at, and how many stratified ones.
TIMED = 1 << 14
HARD = 1 << 13

#: The samples by name, as reports explain them.
SAMPLES = {
    "timed": f"{TIMED} of the normally distributed inputs that are timed, drawn at random",
    "everywhere": f"{HARD} inputs stratified over all exponents of the format, with both sides of breakpoints, where "
    "results overflow, underflow and are subnormal, zeros, infinities and NaN",
}


@dataclass(frozen=True)
class Errors:
    """What a sample showed.

    Attributes:
        inputs: how many.
        max_ulp: the largest error among results that are numbers, in units in the last place.
        at: the input where it is, exact hexadecimal text.
        wrong: how many results are NaN or infinite where they should not be, or numbers where they should be that.
        zeros: how many zeros have the wrong sign; they count in no comparison.
    """

    inputs: int
    max_ulp: float
    at: str
    wrong: int
    zeros: int

    @property
    def worst(self) -> float:
        """The error that comparisons use: infinite where a result is wrong altogether."""
        return float("inf") if self.wrong else self.max_ulp

    def to_dict(self) -> dict[str, Any]:
        """As a JSON document."""
        return asdict(self)

    @staticmethod
    def from_dict(document: Mapping[str, Any]) -> Errors:
        """The inverse of `to_dict`."""
        return Errors(**document)


@dataclass(frozen=True)
class Sample:
    """Inputs at some places of a task's arrays.

    Attributes:
        name: one of `SAMPLES`.
        arrays: full length, for a kernel to be bound to.
        places: where the inputs of the sample are in them.
    """

    name: str
    arrays: Arrays
    places: NDArray[np.int64]


def samples(task: Task, timed: Arrays, seed: int = 0) -> list[Sample]:
    """The samples for a task with the arrays `timed`; the second has arrays of its own, with timed inputs around it."""
    generator = np.random.default_rng((seed, 2))

    def places(count: int) -> NDArray[np.int64]:
        chosen = generator.choice(task.elements, min(count, task.elements), replace=False)
        found: NDArray[np.int64] = np.sort(chosen)
        return found

    format = get(task.dtype)
    hard = format.encode(inputs(format, HARD, oracle(task.name, task.pass_, task.dtype)))
    at = places(len(hard))
    x = aligned(timed.x)
    x[at] = generator.permutation(hard)[: len(at)]
    return [
        Sample("timed", timed, places(TIMED)),
        Sample("everywhere", Arrays(x, timed.out, timed.gradient), at),
    ]


def errors(values: NDArray[Any], task: Task, sample: Sample) -> Errors:
    """The errors of results (full length) at a sample's places."""
    format = get(task.dtype)
    x = format.decode(sample.arrays.x[sample.places])
    gradient = sample.arrays.gradient
    factor = None if gradient is None else format.decode(gradient[sample.places])
    reference = oracle(task.name, task.pass_, task.dtype).reference(x, format, factor)
    got, expected = format.decode(values[sample.places]), reference.rounded
    # The sign of a zero is counted apart: a zero for something tiny and negative is off by that, and not wrong.
    found = reference.errors(np.where(got == 0, np.copysign(0.0, expected), got))
    numeric = np.isfinite(found)
    worst = int(np.argmax(np.where(numeric, found, -1.0)))
    return Errors(
        inputs=len(x),
        max_ulp=float(found[numeric].max(initial=0.0)),
        at=float(x[worst]).hex() if numeric.any() else "",
        wrong=int((~numeric).sum()),
        zeros=int(((got == 0) & (expected == 0) & (np.signbit(got) != np.signbit(expected))).sum()),
    )


@lru_cache
def oracle(name: str, pass_: str, dtype: str) -> Oracle:
    """What the pass should compute; a backward pass multiplies it."""
    return _oracles(name, dtype)[0 if pass_ == "forward" else 1]


@lru_cache
def _oracles(name: str, dtype: str) -> tuple[Oracle, Oracle, Oracle]:
    activation = definition(name, dtype)
    return oracles(activation, {p.name: float(p.value) for p in activation.parameters})
