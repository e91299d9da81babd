"""Low parts that a result can do without.

Arithmetic in pairs of numbers carries more digits through every step than the last rounding shows. Which of them
matter is found by trying: a sum becomes one of its terms wherever every result stays good enough, and what is no
longer needed goes with it. This is precision tuning by measurement (C. Rubio-González et al., "Precimonious: Tuning
assistant for floating-point precision", SC 2013), with the exact values as its reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder, Kernel
from symact.kernel.search.fresh import scattered
from symact.kernel.search.line import Line, Region
from symact.kernel.search.sampling import Sampling
from symact.kernel.search.score import Sample, cost, inputs

#: How large an error may become at the inputs that sums are tried at, and at fresh ones; and how often these are drawn.
#: Of a million inputs the worst, and of those around it, is up to 0.4 worse than that.
_LEVEL, _FRESH_LEVEL, _ROUNDS = 1.4, 1.6, 8

#: Inputs: samples of how many seeds; between which powers of two there are more, what happens in the middle, what in
#: the last digits of 1 + t or 1 + t^2, and what nowhere in particular; and how many each, tried and fresh.
_SEEDS, _EXPONENTS = 6, ((-10.0, 8.0), (-64.0, 64.0), (-1074.0, 1024.0))
_TRIED, _FRESH = (4000, 4000, 2000), (30_000, 20_000, 10_000)

#: Around how many of the worst fresh ones more are drawn, how many each, and up to which parts of them away in turn;
#: and how many that are too bad join those where sums are tried.
_WORST, _AROUND, _REACHES, _FED_BACK = 16, 128, (2.0**-5, 2.0**-10), 200

#: How many operands of a step may stand in its place.
_TERMS = {"add": 2, "sub": 1}

#: After so many trials what their steps gave is forgotten.
_REMEMBERED = 16


class Trimming:
    """Leaves low parts out of finished programs.

    Args:
        line: the function.
        arithmetic: in which programs are evaluated.
        sampling: of the function in this arithmetic.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic, sampling: Sampling) -> None:
        self._arithmetic = arithmetic
        self._sampling = sampling
        self._line = line
        self._regions = [region for side in (1, -1) for region in line.regions(side)]

    def trimmed(self, kernel: Kernel) -> tuple[Kernel, float]:
        """A program that takes less and is good enough wherever the given one is, and its largest error.

        The given one comes back where none is found.
        """
        samples = [_fused(sample) for region in self._regions for sample in self._sampling.of(region)]
        samples += [_fused(self._drawn(region, -1, _TRIED)) for region in self._regions]
        for number in range(_ROUNDS):
            found = self._with_fewer_sums(kernel, samples)
            worse = [bad for region in self._regions if (bad := self._worse(kernel, found, region, number)) is not None]
            if not worse:
                return found, max(float(sample.errors(found).max(initial=0.0)) for sample in samples)
            samples += worse
        return kernel, 0.0

    def _with_fewer_sums(self, kernel: Kernel, samples: Sequence[Sample]) -> Kernel:
        """Sums from the first to the last, each given up for a term where that saves something."""
        allowed = [np.maximum(sample.errors(kernel), _LEVEL) for sample in samples]
        left: dict[int, int] = {}
        best, least, trials = kernel, cost(kernel, self._arithmetic), 0
        for index, step in enumerate(kernel.instructions):
            for term in step.operands[: _TERMS.get(step.operation, 0)]:
                shorter = _with_terms(kernel, {**left, index: term})
                price = cost(shorter, self._arithmetic)
                if price >= least:
                    continue
                if trials % _REMEMBERED == 0:
                    samples = [_fused(sample) for sample in samples]
                trials += 1
                if self._is_like(kernel, shorter) and all(
                    (sample.errors(shorter) <= most).all() for sample, most in zip(samples, allowed, strict=True)
                ):
                    left[index] = term
                    best, least = shorter, price
                    break
        return best

    def _is_like(self, kernel: Kernel, other: Kernel) -> bool:
        """Whether two programs give the same at both zeros, the infinities and NaN."""
        x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan])
        (one,), (two,) = (
            evaluate(each, {"x": x, **self._line.settings[0]}, self._arithmetic).values() for each in (kernel, other)
        )
        return np.array_equal(one, two, equal_nan=True) and np.array_equal(np.signbit(one[:-1]), np.signbit(two[:-1]))

    def _worse(self, kernel: Kernel, found: Kernel, region: Region, number: int) -> Sample | None:
        """Fresh inputs at which a trimmed program is not good enough; None if there are none."""
        generator = np.random.default_rng(number)
        samples = [_fused(self._drawn(region, number, _FRESH))]
        for reach in _REACHES:
            worst = np.abs(samples[-1].x[np.argsort(samples[-1].errors(found))[-_WORST:]])
            around = self._inside(region, scattered(worst, generator, reach, _AROUND))
            samples.append(_fused(self._sampling.at(region, around)))
        bad = np.concatenate([s.x[s.errors(found) > np.maximum(s.errors(kernel), _FRESH_LEVEL)] for s in samples])
        chosen = np.unique(np.abs(bad[:: max(1, len(bad) // _FED_BACK)]))
        return _fused(self._sampling.at(region, chosen)) if len(chosen) else None

    def _drawn(self, region: Region, number: int, counts: Sequence[int]) -> Sample:
        """Inputs of a region, so many of them between powers of two; others for each number."""
        lower, upper = self._line.bounds(region)
        first = _SEEDS * (number + 100)
        drawn = [inputs(lower, upper, np.float64, seed) for seed in range(first, first + _SEEDS)]
        generator = np.random.default_rng(first)
        powers = (2.0 ** generator.uniform(*ends, count) for ends, count in zip(_EXPONENTS, counts, strict=True))
        return self._sampling.at(region, self._inside(region, np.concatenate([*drawn, *powers])))

    def _inside(self, region: Region, t: NDArray[np.float64]) -> NDArray[np.float64]:
        lower, upper = self._line.bounds(region)
        t = np.unique(t)
        return t[(t > lower) & (t < upper)]


def _fused(sample: Sample) -> Sample:
    """The same inputs, errors with fused products too; nothing is remembered of programs."""
    return sample.with_fused(np.arange(len(sample.x)))


def _with_terms(kernel: Kernel, left: Mapping[int, int]) -> Kernel:
    """A program with some steps given up for what one of their operands is."""
    b = Builder()
    for name in kernel.inputs:
        b.input(name)
    here: list[int] = []
    for index, step in enumerate(kernel.instructions):
        here.append(here[left[index]] if index in left else b.copy(step, here))
    return b.kernel(kernel.name, kernel.inputs, kernel.parameters, {name: here[i] for name, i in kernel.outputs})
