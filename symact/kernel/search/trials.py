"""What may cover a region, and the inputs on which it is tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sympy import oo

from symact.errors import Error
from symact.kernel.arithmetic import Arithmetic
from symact.kernel.lowering import Style
from symact.kernel.rewrite import Form, far_out, forms, with_power_outside
from symact.kernel.search.candidates import Candidate, Writer, errors
from symact.kernel.search.expansions import Expansions
from symact.kernel.search.levels import HOPELESS, NOTHING_RIGHT, WITHOUT_PAIRS, first_level, trouble
from symact.kernel.search.line import Line, Region
from symact.kernel.search.patch import sign_changes
from symact.kernel.search.sampling import Sampling
from symact.kernel.search.score import Sample, root_tolerance
from symact.symbolic.limits import limit_at

#: Where tails may be series in 1/t.
_FAR_OUT = 2.0**3

#: How many polynomials are made where forms are worst, none as near to another as this part of its size.
_PIECES, _APART = 4, 0.25


@dataclass(frozen=True)
class Trial:
    """What may cover a region: formulas, expansions around roots, and the inputs at which they have been tried.

    `pieces` says that expansions around other places are among these where that is possible.
    """

    region: Region
    candidates: Sequence[Candidate]
    patches: Sequence[Candidate]
    samples: list[Sample]
    roots: Sequence[float] = ()
    pieces: bool = False

    def tolerance(self, size: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many times as large as elsewhere an error may be."""
        return root_tolerance(size, self.roots)

    def add(self, sample: Sample) -> None:
        """Further inputs."""
        self.samples.append(sample)


class Trials:
    """Makes the trials of a function's regions, each once.

    Args:
        line: the function.
        arithmetic: in which candidates are evaluated.
        sampling: of the function in this arithmetic.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic, sampling: Sampling) -> None:
        self._line = line
        self._arithmetic = arithmetic
        self._sampling = sampling
        self._writer = Writer(line, arithmetic)
        self._expansions = Expansions(line, arithmetic)
        self._begun: dict[Region, Trial] = {}

    def of(self, region: Region) -> Trial:
        """The candidates for a region, and the inputs that they are first tried at."""
        if region not in self._begun:
            self._begun[region] = self._new(region)
        return self._begun[region]

    def _new(self, region: Region) -> Trial:
        samples = list(self._sampling.of(region))
        if not len(samples[0].x):
            raise Error(
                f"no number of {self._arithmetic.result} is between two thresholds of the formula",
                "take one that has some",
            )
        outermost = samples[0].reference.rounded[np.argmax(np.abs(samples[0].x))]
        negative = bool(np.signbit(outermost))
        candidates = list(self._writer.candidates(forms(region.expression, self._line.t), self._line.t, negative))
        table = errors(candidates, samples)
        if region.upper == oo:
            candidates += self._further(region, table.min(axis=0)[: len(samples[0].x)], negative)
            table = errors(candidates, samples)
        if (table.min(axis=0)[: len(samples[0].x)][samples[0].reference.rounded == 0] > NOTHING_RIGHT).any():
            candidates += list(self._writer.signed(candidates, samples))
            table = errors(candidates, samples)
        limit = trouble(self._arithmetic)
        soundest = table[np.log2(1 + np.minimum(table, 1e18)).sum(axis=1).argmin()]
        first = np.arange(table.shape[1]) < len(samples[0].x)
        lost = first & (soundest > limit)
        size = np.concatenate([self._line.size(s) for s in samples])
        patches = list(self._expansions.near(region, samples[0], size[lost])) if lost.any() else []
        if region.upper == oo and (table.min(axis=0)[first & (size > _FAR_OUT)] > limit).any():
            patches += self._expansions.far_out(region)
        return Trial(region, candidates, patches, samples, self._roots(samples[0]))

    def _further(self, region: Region, best: NDArray[np.float64], negative: bool) -> Iterator[Candidate]:
        """More forms for a tail, given the best errors at the first sample."""
        t, sample = self._line.t, self._sampling.of(region)[0]
        hopeless = best > HOPELESS
        if hopeless.any():
            tail = far_out(region.expression, t)
            yield from self._writer.candidates([tail] if tail is not None else [], t, negative)
        if (np.abs(sample.reference.rounded[hopeless]) > 1).any():
            yield from self._writer.candidates(list(with_power_outside(region.expression, t)), t, negative)
        limit = limit_at(region.expression, t, oo, "-") if np.isinf(best).any() else None
        if limit is not None and limit.is_finite:
            yield from self._writer.candidates([Form("limit", limit)], t, negative)
        far = self._line.size(sample) > WITHOUT_PAIRS
        if self._arithmetic.is_paired and best[far].any():  # not where all is 0 or a power of 2
            plain = forms(region.expression, t)
            yield from self._writer.candidates(plain, t, negative, paired=[Style(scaled=True)])

    def _roots(self, sample: Sample) -> tuple[float, ...]:
        """Sizes beside which quick programs may lose digits."""
        if not self._arithmetic.is_quick or not self._line.is_only_stretched:
            return ()
        size = self._line.size(sample)
        increasing = np.argsort(size)
        values = sample.reference.rounded[increasing].tolist()
        return tuple(high for _, high in sign_changes(size[increasing].tolist(), values))

    def with_pieces(self, trial: Trial) -> Trial:
        """A trial with polynomials around the sizes where all that may cover the region is worst."""
        best = errors([*trial.candidates, *trial.patches], trial.samples).min(axis=0)
        best[best > HOPELESS] = 0.0
        size = np.concatenate([self._line.size(sample) for sample in trial.samples])
        places: list[float] = []
        for index in np.argsort(best, kind="stable")[::-1]:
            place = float(size[index])
            if best[index] <= first_level(self._arithmetic) or len(places) == _PIECES:
                break
            if all(abs(place - other) > _APART * other for other in places):
                places.append(place)
        more = self._expansions.around(trial.region, places)
        return replace(trial, patches=[*trial.patches, *more], pieces=True)

    def beside_roots(self, trial: Trial, lost: NDArray[np.float64]) -> Trial:
        """A trial with polynomials around the roots beside which digits are lost, given the sizes where they are."""
        more = self._expansions.beside_roots(trial.region, trial.samples[0], lost)
        return replace(trial, patches=[*trial.patches, *more])
