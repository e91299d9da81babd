"""What chosen forms have to stand besides their sample: fresh inputs, and products that are fused with sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.search.levels import GOOD_THERE, WITHOUT_PAIRS
from symact.kernel.search.line import Line
from symact.kernel.search.regimes import Regime, errors_of
from symact.kernel.search.sampling import Sampling
from symact.kernel.search.score import Sample, inputs
from symact.kernel.search.trials import Trial

#: Samples of how many seeds fresh inputs are, beside how many of the worst ones known and how far around them, and how
#: far around the ends of regimes; how many of those that are too bad join the sample.
_SEEDS, _WORST, _AROUND, _ACROSS, _FED_BACK = 8, 16, 2.0**-5, 0.5, 40

#: In pairs inputs are also drawn about the last digit of 1, and where most of what happens happens: exponents, and how
#: many; and so many in ever closer surroundings of the ends of regimes, where one formula is at its worst and takes up
#: no more than that.
_BESIDE_1, _MIDDLE = ((-57.0, -48.0), 400), ((-10.0, 8.0), 4000)
_BESIDE_ENDS, _NEARER = 1000, (2.0**-5, 2.0**-8, 2.0**-11)

#: In quick arithmetic, where no root is, inputs are drawn with these exponents: so few, or so many in a thorough
#: search, for errors of 4 ULP are rare.
_QUICK, _FEW, _MANY = (-10.0, 7.0), 30_000, 300_000

#: How large an error counts that pairs have only where products are fused with sums.
_FUSED = 2.0


class FreshInputs:
    """Tries chosen forms where they have not been tried.

    Args:
        line: the function.
        arithmetic: in which the forms are evaluated.
        sampling: of the function in this arithmetic.
        thorough: whether to take many.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic, sampling: Sampling, *, thorough: bool = False) -> None:
        self._line = line
        self._arithmetic = arithmetic
        self._sampling = sampling
        self._many = _MANY if thorough else _FEW

    def worse(self, regimes: Sequence[Regime], trial: Trial, number: int, limit: float) -> Sample | None:
        """Fresh inputs on which the forms are worse than a limit; None if there are none.

        Args:
            regimes: the forms.
            trial: what they have been tried on.
            number: of the round; in each of them the inputs are others.
            limit: in ULP.
        """
        t = self._drawn(regimes, trial, number)
        errors = self._errors(regimes, trial, t)
        if self._arithmetic.is_paired:
            more = self._inside(trial, scattered(t[np.argsort(errors)[-_WORST:]], np.random.default_rng(number)))
            t, errors = np.concatenate([t, more]), np.concatenate([errors, self._errors(regimes, trial, more)])
        worst = np.argsort(errors)[::-1]
        bad = worst[errors[worst] > limit]
        if self._arithmetic.is_paired:  # the worst of each octave first, or a boundary moves by small steps
            _, first = np.unique(np.frexp(t[bad])[1], return_index=True)
            bad = bad[[*np.sort(first), *np.delete(np.arange(len(bad)), first)]]
        return self._sampling.at(trial.region, np.unique(t[bad[:_FED_BACK]])) if len(bad) else None

    def _errors(self, regimes: Sequence[Regime], trial: Trial, t: NDArray[Any]) -> NDArray[np.float64]:
        """The errors of forms as parts of what is allowed there."""
        fresh = self._sampling.at(trial.region, t)
        size = self._line.size(fresh)
        errors = errors_of(regimes, fresh, size)
        if self._arithmetic.is_paired:
            errors[(size > WITHOUT_PAIRS) & (errors <= GOOD_THERE)] = 0.0
        tolerance = trial.tolerance(size)
        return np.where(np.isinf(tolerance), 0.0, errors / tolerance)

    def _inside(self, trial: Trial, t: NDArray[Any]) -> NDArray[Any]:
        """Those of some sizes that are inputs of a region, sorted and without repeats."""
        lower, upper = self._line.bounds(trial.region)
        t = np.unique(t.astype(self._arithmetic.result))
        return t[(t > lower) & (t < upper)]

    def _drawn(self, regimes: Sequence[Regime], trial: Trial, number: int) -> NDArray[Any]:
        """Sizes all over a region, and more of them where the forms are worst and where one takes over from another."""
        known = trial.samples[0]
        lower, upper = self._line.bounds(trial.region)
        dtype = np.dtype(self._arithmetic.result)
        generator = np.random.default_rng(number)
        errors = errors_of(regimes, known, self._line.size(known))
        worst = np.abs(known.x[np.argsort(errors)[-_WORST:]]).astype(np.float64)
        edges = [regime.upper for regime in regimes if regime.upper is not None]
        with np.errstate(over="ignore"):
            around = np.concatenate([scattered(worst, generator), scattered(edges, generator, _ACROSS)]).astype(dtype)
        if self._arithmetic.is_paired:  # low parts have no digits to spare
            drawn = (2.0 ** generator.uniform(*exponents, count) for exponents, count in (_BESIDE_1, _MIDDLE))
            steps = 2.0 ** -np.arange(1, 53)
            close = np.outer(edges, [*(1 - steps), *(1 + steps)]).ravel()
            beside = (scattered(edges, generator, reach, _BESIDE_ENDS) for reach in _NEARER)
            around = np.concatenate([around, *beside, close, *drawn])
        if self._arithmetic.is_quick and not trial.roots:
            around = np.concatenate([around, 2.0 ** generator.uniform(*_QUICK, self._many)])
        seeds = range(_SEEDS * (number + 1), _SEEDS * (number + 2))
        return self._inside(
            trial, np.concatenate([*(inputs(lower, upper, dtype, seed=seed) for seed in seeds), around])
        )

    def worse_if_fused(self, regimes: Sequence[Regime], trial: Trial) -> Sample | None:
        """Inputs at which the forms are bad where products are fused with sums; None if there are none.

        Low parts, which are the whole result beside a root, come out otherwise then.
        """
        known = trial.samples[0]
        size = self._line.size(known)
        errors = errors_of(regimes, known.with_fused(np.arange(len(known.x))), size)
        more = errors > errors_of(regimes, known, size)
        (bad,) = np.nonzero(more & (errors > _FUSED) & np.isfinite(errors))
        return known.with_fused(bad) if len(bad) else None


def scattered(
    places: Sequence[float] | NDArray[Any], generator: np.random.Generator, reach: float = _AROUND, count: int = 64
) -> NDArray[np.float64]:
    """Sizes around some places, up to a part of each of them away."""
    with np.errstate(over="ignore"):
        return np.outer(np.asarray(places, np.float64), 1 + generator.uniform(-reach, reach, count)).ravel()
