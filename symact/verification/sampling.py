"""Implementations of one function measured at the same inputs: a sample, and what is found around its worst inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.oracle.formats import Float64s, Format
from symact.oracle.oracle import Oracle
from symact.oracle.samples import around, gradients, inputs
from symact.verification.bulk import Bulk
from symact.verification.contract import Violation
from symact.verification.execution import unflushed
from symact.verification.figures import Accuracy, Figures, Points
from symact.verification.functions import Functions

#: How many inputs are taken where a format of this width has too many to try them all; half of them are spread over
#: all bit patterns.
SAMPLES = {32: 1 << 22, 64: 1_000_000}

#: How many inputs are judged at once.
_BATCH = 1 << 17

#: The search around the worst inputs: rounds, how many of them are gone out from, how many new inputs beside each.
_ROUNDS, _CENTRES, _BESIDE = 5, 32, 128

#: How many inputs the contract is checked at.
_CONTRACT = 2000

#: A pass with one result, as a function of one array, or of x and the incoming gradients.
Pass = Callable[..., NDArray[Any]]


@dataclass(frozen=True)
class Implementation:
    """Something to measure.

    Attributes:
        call: the pass.
        contract: finds breaches of the IEEE contract, given the pass, the function, the format and inputs.
        landmarks: where it may change the way it computes, as far as that is known.
        flushes: whether subnormal numbers are rightly taken for zeros (`symact.verification.execution.unflushed`).
    """

    call: Pass
    contract: Callable[[Pass, Oracle, Format, Float64s], list[Violation]]
    landmarks: tuple[float, ...] = ()
    flushes: bool = False


@dataclass
class Group:
    """Implementations of one function that are measured at the same inputs.

    Attributes:
        functions: f, f' and f''.
        format: of the arrays.
        order: which of the functions they should be: 0, 1 or 2.
        backward: whether they multiply it by an incoming gradient.
        rounded_first: whether that is done with a number of the format's range, not of a wider one.
        implementations: what is measured.
        results: for each, in the same order, its figures and the breaches of its contract, once the steps are done.
    """

    functions: Functions
    format: Format
    order: int
    backward: bool = False
    rounded_first: bool = False
    implementations: list[Implementation] = field(default_factory=list)
    results: list[tuple[Accuracy, tuple[Violation, ...]]] = field(default_factory=list)

    def size(self, count: int | None = None) -> int:
        """How many steps there are; `count` as for `sample`."""
        return -(-_count(self.format, count) // _BATCH) + len(self.implementations)

    def steps(self, count: int | None = None, seed: int = 0) -> Iterator[None]:
        """Measure; yields after each step. The arguments are those of `sample`."""
        landmarks = sorted({point for each in self.implementations for point in each.landmarks})
        points = sample(
            self.functions,
            self.format,
            self.order,
            backward=self.backward,
            landmarks=landmarks,
            count=count,
            seed=seed,
        )
        self.functions.bulk[self.order].prepare(points.x, self.format)
        figures = [Figures(self.format) for _ in self.implementations]
        for start in range(0, len(points), _BATCH):
            batch = self.at(points[slice(start, start + _BATCH)])
            for each, implementation in zip(figures, self.implementations, strict=True):
                each.add(batch.points, batch.results(implementation), batch.reference, batch.left_out)
            yield
        oracle = self.functions.oracles[self.order]
        special = inputs(self.format, _CONTRACT, oracle)
        every = self.format.width == 16 and not self.backward
        for each, implementation in zip(figures, self.implementations, strict=True):
            if self.format.width > 16:
                self._search(implementation, each, np.random.default_rng([seed, 3]))
            accuracy = each.accuracy(oracle, "exhaustive" if every else "sampled")
            violations = implementation.contract(implementation.call, oracle, self.format, special)
            self.results.append((accuracy, tuple(violations)))
            yield

    def at(self, points: Points) -> Batch:
        """Inputs with the exact values there."""
        return Batch(self, points)

    def _search(self, implementation: Implementation, figures: Figures, generator: np.random.Generator) -> None:
        """Try inputs beside the worst ones, then beside what is worst then, and so on."""
        for _ in range(_ROUNDS):
            centres = figures.apart(_CENTRES)
            batch = self.at(_beside(self.format, centres, generator))
            figures.add_searched(batch.points, batch.results(implementation), batch.reference)


class Batch:
    """Inputs of a group with the exact values there; where f' is rounded before it is multiplied, those that a number
    judges.

    Where f' or the product is subnormal, the error of f' in its subnormal spacing is then multiplied by the gradient:
    no bound in ULP can hold.

    Attributes:
        points, reference: the inputs and the exact values.
        left_out: how many inputs no number judges.
    """

    def __init__(self, group: Group, points: Points) -> None:
        bulk: Bulk = group.functions.bulk[group.order]
        format = group.format
        self.points, self.left_out, self._bulk = points, 0, bulk
        self.reference = bulk.reference(points.x, format, points.factor)
        if group.rounded_first:
            slope = np.abs(bulk.reference(points.x, format).rounded)
            judged = ~(np.fmin(slope, np.abs(self.reference.rounded)) < format.smallest_normal)
            self.points, self.reference = points[judged], self.reference[judged]
            self.left_out = len(points) - len(self.points)
        arrays = (self.points.x, self.points.factor)
        self._given = [format.encode(array) for array in arrays if array is not None]

    def results(self, implementation: Implementation) -> NDArray[Any]:
        """What an implementation gives at the points."""
        if not implementation.flushes:
            return implementation.call(*self._given)
        x, format, right = self.points.x, self.reference.format, self.reference.rounded
        return unflushed(
            implementation.call,
            self._given,
            format,
            right=lambda at: right[at],
            slope=lambda at: self._bulk.reference(x[at], format).rounded,
        )


def sample(
    functions: Functions,
    format: Format,
    order: int,
    *,
    backward: bool = False,
    landmarks: Sequence[float] = (),
    count: int | None = None,
    seed: int = 0,
) -> Points:
    """The inputs at which implementations of f, f' or f'' (order 0, 1, 2) are measured.

    Args:
        functions: f, f' and f''.
        format: of the inputs.
        order: which of the functions.
        backward: whether incoming gradients are needed.
        landmarks: points around which errors may hide, besides those of the functions.
        count: how many, where not all numbers of the format are taken; by default `SAMPLES`.
        seed: another one gives other inputs.
    """
    if format.width == 16:
        x = format.every()
    else:
        count = _count(format, count)
        spread = format.random(count // 2, np.random.default_rng([seed, 2]))
        oracle = functions.oracles[order]
        around_ = np.union1d(functions.landmarks, landmarks)
        x = np.concatenate([inputs(format, count - len(spread), oracle, seed, around_), spread])
        x.sort()  # neighbours share polynomials
    return Points(x, gradients(format, len(x), seed) if backward else None)


def _count(format: Format, count: int | None) -> int:
    if format.width == 16:
        return 1 << 16
    return SAMPLES[format.width] if count is None else count


def _beside(format: Format, centres: Points, generator: np.random.Generator) -> Points:
    """New inputs beside some; half of them keep the centre's incoming gradient."""
    many = centres[np.repeat(np.arange(len(centres)), _BESIDE)]
    x = around(format, many.x, generator)
    if many.factor is None:
        return Points(x)
    kept = generator.random(len(x)) < 0.5
    return Points(x, np.where(kept, many.factor, around(format, many.factor, generator)))
