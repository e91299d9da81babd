"""The search for programs: every piece is written in many ways, and the cheapest of the most exact is kept.

A pass is one function (f, f' or f'') on the whole line. Each half line is treated in t = |x|; a region is a smooth
piece on a half line, and a region may be divided into regimes with a form each. Budgets are counts and seeds are
fixed, so that the same definition gives the same program on any machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from symact.activation import Activation
from symact.kernel.arithmetic import Arithmetic
from symact.kernel.merge import merged
from symact.kernel.program import Builder, Kernel
from symact.kernel.rewrite import Form
from symact.kernel.search.assembly import Assembly, by_side
from symact.kernel.search.candidates import Writer, worst
from symact.kernel.search.covering import Covering
from symact.kernel.search.ends import LineEnds
from symact.kernel.search.fresh import FreshInputs
from symact.kernel.search.levels import HOPELESS, first_level
from symact.kernel.search.line import Line, Region
from symact.kernel.search.regimes import Regime
from symact.kernel.search.sampling import Sampling
from symact.kernel.search.score import cost
from symact.kernel.search.symmetry import Symmetry, from_left_side, mirrored
from symact.kernel.search.trials import Trial, Trials
from symact.kernel.search.trimming import Trimming
from symact.kernel.settings import oracles_of
from symact.oracle import Oracle
from symact.symbolic.branches import Branches

#: How often fresh inputs are tried.
_ROUNDS = 4

#: How often in pairs, and which error is none there; then forms are chosen once more: what is bad has lost all digits.
_PAIRED_ROUNDS, _STILL_GOOD = 6, 1.625

#: Beyond this error pairs are given polynomials where forms are worst, for on more inputs they may be beyond 2 ULP.
_FAIR = 1.5

#: A formula for the whole line is not tried on fresh inputs: it has to be better by this.
_WHOLE = 0.75

#: In fused arithmetics, how many combinations of forms for the regions are looked at, of the cheapest forms of each,
#: and how many of those with their values at 0 and infinity.
_COMBINATIONS, _FINISHED = 2500, 16

#: In paired arithmetic the largest error on the right side of a form for the left one, which has been rounded before.
_OTHER_SIDE = 1.5

#: A program, and for the record the form and the error in every regime.
Found = tuple[Kernel, list[dict[str, Any]]]


class PassSearch:
    """Finds the program of one pass.

    Args:
        activation: the definition, for its variable and parameters.
        branches: f, f' or f'', parameters symbolic.
        arithmetic: in which the program is evaluated.
        oracles: `oracles_of` that pass, where somebody has them already.
        thorough: whether to try on many inputs, which takes longer than all the rest.
    """

    def __init__(
        self,
        activation: Activation,
        branches: Branches,
        arithmetic: Arithmetic,
        oracles: Sequence[Oracle] | None = None,
        *,
        thorough: bool = False,
    ) -> None:
        self.oracles = oracles_of(activation, branches) if oracles is None else oracles
        self._arithmetic = arithmetic
        self._line = Line(activation, branches)
        self._sampling = Sampling(self._line, arithmetic, self.oracles)
        self._ends = LineEnds(self._line, arithmetic, self.oracles[0])
        self._assembly = Assembly(self._line, arithmetic, self._sampling, self._ends)
        self._trials = Trials(self._line, arithmetic, self._sampling)
        self._covering = Covering(self._line, arithmetic)
        self._fresh = FreshInputs(self._line, arithmetic, self._sampling, thorough=thorough)
        self._prices: dict[Kernel, int] = {}

    def kernel(self, name: str, output: str) -> Found:
        """The program and, for the record, the form and the error in every regime."""
        ways = (self._whole_line, self._by_sides(), self._by_left_side())
        found = [each for each in ways if each is not None]
        if self._arithmetic.is_wide:  # a size that is a number takes less than what is to be said of infinity
            finite = [(_with_finite_size(kernel), record) for kernel, record in found]
            found += [each for each in finite if self._ends.is_right_at_infinities(each[0])]
        if self._arithmetic.is_quick:  # a cut that keeps NaN takes more, and may save a choice in the end
            found += [(_with_nan(kernel), record) for kernel, record in found]
        finished = [(self._finished(kernel, name, output), record) for kernel, record in found]
        return min(finished, key=lambda each: cost(each[0], self._arithmetic))

    def trimmed(self, found: Found) -> Found:
        """A program without the low parts that its results can do without; takes longer than finding it."""
        kernel, record = found
        shorter, error = Trimming(self._line, self._arithmetic, self._sampling).trimmed(kernel)
        if shorter == kernel:
            return found
        return shorter, [*record, {"rule": "low parts left out", "error": _rounded(error)}]

    def _finished(self, kernel: Kernel, name: str, output: str) -> Kernel:
        return merged(self._ends.guarded(kernel, name, output), self._arithmetic)

    def promises(self, one: float, several: float) -> bool:
        """Whether the first choice on each region, before fresh inputs, is within an error.

        Args:
            one: the error of a single formula, in whose place several ones may come yet.
            several: of several ones; more inputs do not make them better.
        """
        if self._whole_line is not None:
            return True
        for region in (*self._line.regions(1), *self._line.regions(-1)):
            _, (regimes, *_) = self._covering.of(self._trials.of(region))
            if _worst_of(regimes) > (one if len(regimes) == 1 else several):
                return False
        return True

    # Ways to a program ------------------------------------------------------------------------------------------------

    @cached_property
    def _whole_line(self) -> Found | None:
        """The plain text in x, where the function is one piece and nothing is lost by it."""
        pieces = self._line.branches.pieces
        if len(pieces) != 1:
            return None
        written = Form("as written", pieces[0].expression)
        candidates = Writer(self._line, self._arithmetic).candidates([written], self._line.x, negative=False)
        samples = [sample for side in (-1, 1) for sample in self._sampling.between(side, 0.0, np.inf)]
        best = min(candidates, key=lambda c: worst(c.kernel, samples))
        error = worst(best.kernel, samples)
        if error > first_level(self._arithmetic) * (1.0 if self._arithmetic.is_wide else _WHOLE):
            return None
        return best.kernel, [{"rule": best.name, "error": _rounded(error)}]

    def _by_sides(self) -> Found:
        """Forms for each half line, or for the right one where the left one mirrors it."""
        right, left = self._line.regions(1), self._line.regions(-1)
        symmetry = mirrored(self._line, left, right, self._sampling)
        regions = [*right, *(left if symmetry is Symmetry.NONE else ())]
        covered = by_side(regions, self._regimes(regions, symmetry))
        record = [
            {"side": side, "upper": regime.upper, "rule": regime.candidate.name, "error": _rounded(regime.error)}
            for side, found in covered.items()
            for regimes in found
            for regime in regimes
        ]
        return self._assembly.right_at_zeros(covered, symmetry), record

    def _by_left_side(self) -> Found | None:
        """In fused arithmetics one form for both sides, where f(t) = t + f(-t) or f(t) = 1 - f(-t)."""
        right, left = self._line.regions(1), self._line.regions(-1)
        if not (self._arithmetic.is_fused and len(right) == len(left) == 1):
            return None
        symmetry = from_left_side(self._line, left[0], right[0], steps=True)
        if symmetry is None:
            return None
        (regimes,) = self._regimes(left, symmetry)
        kernel = self._assembly.right_at_zeros({-1: [regimes]}, symmetry)
        level = first_level(self._arithmetic) if self._arithmetic.is_quick else _OTHER_SIDE
        if worst(kernel, self._sampling.of(right[0])[:1]) > level:
            return None
        word = "ramp" if symmetry is Symmetry.RAMP else "step"
        return kernel, [
            {"side": -1, "upper": r.upper, "rule": f"{word} and {r.candidate.name}", "error": _rounded(r.error)}
            for r in regimes
        ]

    # Regimes ----------------------------------------------------------------------------------------------------------

    def _regimes(self, regions: Sequence[Region], symmetry: Symmetry) -> list[list[Regime]]:
        """The fewest and cheapest forms that cover each region at the first error level that is reached.

        What a sample lets through is tried on fresh inputs; those where it is worse than promised join the sample.
        """
        trials = [replace(trial, samples=list(trial.samples)) for trial in map(self._trials.of, regions)]
        tried: list[list[Regime] | None] = [None] * len(trials)
        in_pairs = self._arithmetic.is_paired
        for number in range(_PAIRED_ROUNDS if in_pairs else _ROUNDS):
            levels, chosen = self._chosen(trials, symmetry)
            enough = True
            for index, level in enumerate(levels):
                if chosen[index] == tried[index] or self._arithmetic.is_wide or level > HOPELESS:
                    continue
                tried[index] = chosen[index]
                failed = self._failed(trials[index], chosen[index], number, level)
                if failed is not None:
                    trials[index] = failed
                    enough = False
            if enough:
                return chosen
        return self._chosen(trials, symmetry)[1] if in_pairs else chosen

    def _chosen(self, trials: list[Trial], symmetry: Symmetry) -> tuple[list[float], list[list[Regime]]]:
        """The error level that is reached in each region, and the forms; trials may be given further expansions."""
        covers = [self._covering.of(trial) for trial in trials]
        if self._arithmetic.is_paired:
            for index, (_, (first, *_)) in enumerate(covers):
                if _FAIR < _worst_of(first) <= HOPELESS and not trials[index].pieces:
                    trials[index] = self._trials.with_pieces(trials[index])
                    covers[index] = self._covering.of(trials[index])
        regions = [trial.region for trial in trials]
        return [level for level, _ in covers], self._jointly(regions, [choices for _, choices in covers], symmetry)

    def _failed(self, trial: Trial, regimes: Sequence[Regime], number: int, level: float) -> Trial | None:
        """A trial with further inputs, where forms are worse than promised; None where they are not."""
        in_pairs = self._arithmetic.is_paired
        worse = self._fresh.worse(regimes, trial, number, max(level, _STILL_GOOD) if in_pairs else level)
        fused = self._fresh.worse_if_fused(regimes, trial) if in_pairs else None
        if worse is None and fused is None:
            return None
        if worse is not None:
            trial.add(worse)
        if fused is not None:
            trial = self._trials.beside_roots(trial, np.abs(fused.x))
            trial.add(fused)
        return trial

    def _jointly(
        self, regions: Sequence[Region], choices: Sequence[Sequence[list[Regime]]], symmetry: Symmetry
    ) -> list[list[Regime]]:
        """The first choice of each region; in fused arithmetics those that make the cheapest program together."""
        if not self._arithmetic.is_fused:
            return [each[0] for each in choices]
        most = int(_COMBINATIONS ** (1 / len(regions)) + 1e-9)

        def roughly(found: Sequence[list[Regime]]) -> tuple[int, float]:
            assembled = self._assembly.assembled(by_side(regions, found), symmetry)
            if assembled not in self._prices:
                self._prices[assembled] = cost(merged(assembled, self._arithmetic), self._arithmetic)
            return self._prices[assembled], max(_worst_of(regimes) for regimes in found)

        def exactly(found: Iterable[list[Regime]]) -> int:
            together = self._assembly.right_at_zeros(by_side(regions, list(found)), symmetry)
            each = {together, _with_nan(together)}
            return min(cost(self._finished(kernel, "pass", "y"), self._arithmetic) for kernel in each)

        cheapest = sorted(product(*(each[:most] for each in choices)), key=roughly)
        return list(min(cheapest[:_FINISHED], key=exactly))


def _worst_of(regimes: Sequence[Regime]) -> float:
    return max(regime.error for regime in regimes)


def _with_nan(kernel: Kernel) -> Kernel:
    """A program with min, which keeps NaN, in place of cut."""
    steps = (replace(step, operation="min") if step.operation == "cut" else step for step in kernel.instructions)
    return replace(kernel, instructions=tuple(steps))


def _with_finite_size(kernel: Kernel) -> Kernel:
    """A program with 2^128, which is infinite in results of wide arithmetic, for the size of infinity."""
    b = Builder()
    here: list[int] = []
    for step in kernel.instructions:
        index = b.copy(step, here)
        here.append(b("min", index, b.const(2**128)) if step.operation == "abs" else index)
    return b.kernel(kernel.name, kernel.inputs, kernel.parameters, {name: here[i] for name, i in kernel.outputs})


def _rounded(error: float) -> float:
    """An error for the record: two digits, so that it is the same on every machine."""
    return float(f"{error:.2g}")
