"""Which candidates cover a region: the fewest and cheapest ones at the first error level that is reached."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import oo

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.interpret import Steps, evaluate
from symact.kernel.program import Kernel
from symact.kernel.search.candidates import Candidate, errors
from symact.kernel.search.levels import GOOD_THERE, LADDERS, NOTHING_RIGHT, WITHOUT_PAIRS
from symact.kernel.search.line import Line, Region
from symact.kernel.search.regimes import Regime, round_between, stretches
from symact.kernel.search.score import Sample, cost
from symact.kernel.search.trials import Trial

#: How many times worse than the best a program may be at other values of the parameters, where the rounding of a
#: product with x already decides.
_OTHER = 4.0

#: How many more regimes there may be where some of them are expansions, and where these include ones in between.
_MORE, _MANY_MORE = 2, 5

#: Parts of the largest number, as an input or a result, at which nothing may overflow, where f grows no faster than so
#: many times x.
_LARGEST, _GROWTH = np.array([0.99, 0.5, 0.1]), 4.0

#: (candidate, first input, end, where the next one takes over), as `stretches` returns them.
_Stretches = list[tuple[int, int, int, int | None]]


class Covering:
    """Chooses among the candidates of trials.

    Args:
        line: the function.
        arithmetic: in which candidates are evaluated.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic) -> None:
        self._line = line
        self._arithmetic = arithmetic
        self._far_out = _FarOut(arithmetic, len(line.settings))

    def of(self, trial: Trial) -> tuple[float, list[list[Regime]]]:
        """The error level that is reached, and the forms: first the cheapest ones, then others as good alone."""
        everything = [*trial.candidates, *trial.patches]
        costs = [cost(c.kernel, self._arithmetic) for c in everything]
        measured = _Measured(everything, trial, self._line, self._arithmetic)
        # In quick arithmetic the combination with the other regions decides what is cheap.
        by_cost = self._arithmetic.is_fused and not self._arithmetic.is_quick
        divided = partial(stretches, errors=measured.counted) if by_cost else stretches
        survives = np.array([self._far_out.survives(c.kernel, trial.region, trial.samples) for c in everything])
        for level, most in LADDERS[self._arithmetic.name]:
            allowed = measured.allowed(level)
            allowed[~survives, -1] &= not survives.any()
            cover = None
            if np.isinf(level):  # many digits may be missing, but no wrong NaN, infinity or zero if that can be helped
                cover = divided(allowed & measured.right_at_all, costs, most + _MORE)
            cover = cover or divided(allowed, costs, most)
            if cover is None and trial.patches:
                more = divided(allowed, costs, most + (_MANY_MORE if trial.pieces else _MORE)) or []
                cover = more if any(which >= len(trial.candidates) for which, *_ in more) else None
            if cover is not None:
                covers = [cover, *_others_alone(cover, allowed, costs)]
                return level, [measured.regimes(each) for each in covers]
        raise AssertionError("the last level allows everything")


def _others_alone(cover: _Stretches, allowed: NDArray[np.bool_], costs: Sequence[int]) -> list[_Stretches]:
    """Where one candidate covers everything, the others that do, from the cheapest on."""
    if len(cover) > 1:
        return []
    alone = [i for i in np.argsort(costs, kind="stable").tolist() if allowed[i].all()]
    return [[(i, 0, allowed.shape[1], None)] for i in alone if i != cover[0][0]]


class _Measured:
    """The errors of all that may cover a region, at all inputs in the order of their sizes.

    Attributes:
        counted: the errors as parts of what is allowed, and 0 where all are wrong or parameters have other values.
        right_at_all: which candidates are not infinitely wrong where, unless all of them are.
    """

    def __init__(self, everything: Sequence[Candidate], trial: Trial, line: Line, arithmetic: Arithmetic) -> None:
        size = np.concatenate([line.size(s) for s in trial.samples])
        order = np.argsort(size, kind="stable")
        self._everything = everything
        self._size = size = size[order]
        self._tolerance = trial.tolerance(size)
        self._in_pairs = arithmetic.is_paired
        others = [np.full(len(s.x), s.parameters != line.settings[0]) for s in trial.samples]
        self._other = np.concatenate(others)[order]
        table = errors(everything, trial.samples)[:, order]
        table[table > NOTHING_RIGHT] = np.inf
        table[:, np.isinf(self._tolerance)] = 0.0
        self._table = table
        self._best = table.min(axis=0)
        self._lost = np.isinf(self._best)
        self._excess = np.where(self._lost, 0.0, table - np.where(self._lost, 0.0, self._best))
        self._nearby = _largest_nearby(size, np.where(self._lost | self._other, 0.0, self._best))
        self.counted: NDArray[np.float64] = np.where(self._other | self._lost, 0.0, table / self._tolerance)
        self.right_at_all: NDArray[np.bool_] = np.isfinite(table) | self._lost

    def allowed(self, level: float) -> NDArray[np.bool_]:
        """Which candidates are good enough where, at an error level."""
        table, other, far = self._table, self._other, self._size > WITHOUT_PAIRS
        allowed: NDArray[np.bool_] = table <= np.maximum(level * self._tolerance, 2 * self._nearby)
        allowed |= self._excess <= level / 2
        if self._in_pairs:  # what is a little worse than the best may be too bad, where one is good
            allowed &= (table <= level) | (self._nearby > level)
        allowed[:, other] |= table[:, other] <= _OTHER * (1 + self._best[other])
        if self._in_pairs:
            allowed[:, far] |= table[:, far] <= GOOD_THERE
        return allowed

    def regimes(self, cover: _Stretches) -> list[Regime]:
        """Stretches as regimes, with the largest errors there."""
        return [
            Regime(
                self._everything[which],
                None if stop is None else self._boundary(stop, self._everything[which]),
                float(self.counted[which, start:end].max(initial=0.0)),
            )
            for which, start, end, stop in cover
        ]

    def _boundary(self, stop: int, below: Candidate) -> float:
        """A number with few bits where one regime ends, between two inputs."""
        low, high = self._size[[stop - 1, stop]].tolist()
        return round_between(low, below.end if low < below.end < high else high)


def _largest_nearby(size: NDArray[np.float64], best: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest of `best` over inputs within about 5%: beside a root every candidate is lost, each elsewhere."""
    first, last = np.searchsorted(size, 0.95 * size), np.searchsorted(0.95 * size, size, side="right")
    return np.array([best[start:end].max() for start, end in zip(first, last, strict=True)])


class _FarOut:
    """Tries programs at the largest numbers, each once."""

    def __init__(self, arithmetic: Arithmetic, settings: int) -> None:
        """`settings` says how many of a region's samples there are at the least: one for each setting."""
        self._arithmetic = arithmetic
        self._settings = settings
        self._surviving: dict[tuple[Kernel, int], bool] = {}
        self._steps: dict[tuple[int, int], Steps] = {}

    def survives(self, kernel: Kernel, region: Region, samples: Sequence[Sample]) -> bool:
        """Whether no NaN or infinity comes out at the largest numbers, where f grows no faster than x does."""
        if region.upper != oo:
            return True
        key = kernel, region.side
        if key not in self._surviving:
            self._surviving[key] = self._is_finite(kernel, region.side, samples)
        return self._surviving[key]

    def _is_finite(self, kernel: Kernel, side: int, samples: Sequence[Sample]) -> bool:
        for number, sample in enumerate(samples[: self._settings]):
            if not len(sample.x):
                continue
            farthest = int(np.argmax(np.abs(sample.x)))
            growth = abs(float(sample.reference.rounded[farthest])) / abs(float(sample.x[farthest]))
            if not growth <= _GROWTH:
                continue
            greatest = float(np.finfo(self._arithmetic.result).max) / max(growth, 1.0)
            largest = (side * _LARGEST * greatest).astype(sample.x.dtype)
            memory = self._steps.setdefault((side, number), {})
            values: dict[str, Any] = {"x": largest, **sample.parameters}
            if not np.isfinite(evaluate(kernel, values, self._arithmetic, memory=memory)["y"]).all():
                return False
        return True
