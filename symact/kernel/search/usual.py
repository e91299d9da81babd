"""Short programs for usual inputs, and where others have to take over.

NumPy computes a choice by computing both sides, and each step on all elements takes a pass through memory. A formula
as people write it has few steps and is good enough on most of the line; where it is not, an array seldom has elements,
and these are computed by the program that is good everywhere. So a short program has a further output, ``outside``:
where it does not hold.

Formulas are taken as they are found (`symact.kernel.search.short`), evaluated with NumPy's own functions at inputs of
both signs, and judged by what they take for inputs that are normally distributed. Parameters have their default values
in them, most of which are 1: then there is nothing to multiply by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.outside import OUTSIDE, inside_of
from symact.kernel.program import Builder, Kernel
from symact.kernel.search.array_time import calls, nanoseconds, nanoseconds_of
from symact.kernel.search.patch import sign_changes
from symact.kernel.search.score import Sample, beside_roots, inputs, root_tolerance
from symact.kernel.search.short import Candidate, ShortPrograms
from symact.kernel.search.trimming import judging, shortened
from symact.oracle import Oracle
from symact.oracle.formats import FORMATS
from symact.oracle.samples import around_thresholds
from symact.symbolic.branches import Branches

#: How large errors may be where a short program holds, in ULP of the result's format (before the last rounding in wide
#: arithmetic). Among millions of inputs they are up to twice as large, and an f' that is 2.9 off can make backward 5.
_LEVELS = {
    "usual_wide": (2.0**-5,),
    "usual_mixed": (1.5, 1.9, 2.4),
    "usual_float32": (3.5, 5.0, 7.0),
}

#: The same for programs in pairs, which are tried at so many times as many fresh inputs.
_PAIRED_LEVEL, _PAIRED_TIMES = 2.5, 50

#: How much of the other program's time a short one may take to be worth having, and how many times the time of the
#: cheapest one, if it is better.
_WORTH, _BETTER = 0.8, 1.1

#: Inputs for which work is counted are normally distributed with this deviation.
_SPREAD = 3.0

#: A function with more pieces has no formula that is good on most of the line.
_PIECES = 3

#: A share of the inputs that is as good as none.
_NEVER = 1e-9

#: Nanoseconds that it takes to take a number out of an array and put the result back.
_MOVED = 12.0

#: The part of its distance from 0 by which a tail begins earlier than where errors were seen.
_FURTHER = 2.0**-6

#: The parts of the largest number at which products may overflow early.
_LARGE = np.array([0.99, 0.9, 0.75, 0.6, 0.5, 0.35, 0.25, 0.1])

#: How many intervals a short program may leave out; how many samples a side inputs have, and how many of fresh ones are
#: tried how often, with how many usual ones, and how many around each edge and each of the worst ones, how far.
_INTERVALS, _SEEDS, _FRESH, _ROUNDS = 3, 2, 2, 8
_USUAL, _WORST, _NEAR, _AROUND = 2000, 8, 100, 2.0**-4

#: How many usual inputs low parts are tried at.
_MANY = 20_000
_NONE: NDArray[np.float64] = np.array([])

#: Those that in wide programs are kept from ending early.
_EXPONENTIALS = ("exp", "exp_long", "decay", "expm1")

#: Bytes of a block, and nanoseconds that a call of one of NumPy's functions takes besides.
_BLOCK, _CALL = 2**19, 1000.0


def usual(
    branches: Branches, arithmetic: Arithmetic, oracle: Oracle, output: str, other: Kernel
) -> tuple[Kernel, list[dict[str, Any]]] | None:
    """The short program of a pass with what to say of it; None where none is worth having.

    Args:
        branches: f, f' or f'', without parameters.
        arithmetic: one of `symact.kernel.arithmetic.USUAL`.
        oracle: the exact values.
        output: the result's name.
        other: the program that is good everywhere.
    """
    if len(branches.pieces) > _PIECES:
        return None
    return _Search(branches, arithmetic, oracle, other).found(output)


def both(name: str, first: Kernel, second: Kernel) -> Kernel:
    """One program with the results of two, which holds where both do."""
    b = Builder()
    b.input("x")
    outputs = [b.include(kernel) for kernel in (first, second)]
    outside = [each.pop(OUTSIDE) for each in outputs if OUTSIDE in each]
    results = {**outputs[0], **outputs[1]}
    if outside:
        results[OUTSIDE] = outside[0] if len(outside) == 1 else b("or", *outside)
    return b.kernel(name, ["x"], first.parameters, results)


#: Open; None stands for an end of the line, infinity included.
_Interval = tuple[float | None, float | None]


@dataclass(frozen=True)
class _Choice:
    """A candidate with the intervals of x that it leaves out: (last input before, first after), None at an end."""

    candidate: Candidate
    left_out: tuple[_Interval, ...]
    price: float
    error: float


class _Search:
    def __init__(self, branches: Branches, arithmetic: Arithmetic, oracle: Oracle, other: Kernel) -> None:
        self.arithmetic, self.oracle, self.other = arithmetic, oracle, other
        self._short = ShortPrograms(branches, arithmetic)

    def found(self, output: str) -> tuple[Kernel, list[dict[str, Any]]] | None:
        """See `usual`."""
        found = [self._lasting([self.first], self._plain_choice, level) for level in _LEVELS[self.arithmetic.name]]
        if not (self.arithmetic.is_wide or self.arithmetic.is_quick):  # all digits of the arithmetic count
            samples = [self.first, self._many]
            found.append(self._lasting(samples, self._paired_choice, _PAIRED_LEVEL, _PAIRED_TIMES))
        choices = [choice for choice in found if choice is not None]
        if not choices:
            return None
        cheapest = min(choice.price for choice in choices)
        return self._written(next(choice for choice in choices if choice.price <= _BETTER * cheapest), output)

    def _lasting(
        self,
        samples: list[Sample],
        best: Callable[[Sequence[Sample], float], _Choice | None],
        level: float,
        times: int = 1,
    ) -> _Choice | None:
        """The best choice that stands fresh inputs; those that it does not stand are tried with the others."""
        for number in range(_ROUNDS):
            choice = best(samples, level)
            if choice is None:
                return None
            fresh = self._fresh(choice, samples, number, times)
            bad = self._bad(choice.candidate, fresh, level)[0]
            if not bad.any():
                return choice
            samples = [*samples, self._sample(fresh.x[bad].astype(self.arithmetic.result))]
        return None

    def _plain_choice(self, samples: Sequence[Sample], level: float) -> _Choice | None:
        """The cheapest one of single numbers."""
        best: _Choice | None = None
        for candidate in self._plain:
            least = self._worth if best is None else best.price
            if nanoseconds(candidate.kernel, self.arithmetic) >= least:
                break
            choice = self._choice(candidate, samples, level)
            if choice is not None and choice.price < least:
                best = choice
        return best

    def _paired_choice(self, samples: Sequence[Sample], level: float) -> _Choice | None:
        """The cheapest one in pairs, without the low parts that do not show where it holds."""
        best: _Choice | None = None
        for candidate in self._paired:
            least = self._worth if best is None else best.price
            choice = self._choice(candidate, samples, level)
            if choice is None or self._elsewhere(choice.left_out) >= least:
                continue
            choice = self._choice(self._shortened(choice, samples, level), samples, level)
            if choice is not None and choice.price < least:
                best = choice
        return best

    @cached_property
    def _plain(self) -> Sequence[Candidate]:
        """In the order of their own time."""
        return sorted(self._short.plain(), key=lambda c: nanoseconds(c.kernel, self.arithmetic))

    @cached_property
    def _paired(self) -> Sequence[Candidate]:
        return tuple(self._short.paired())

    def _shortened(self, choice: _Choice, samples: Sequence[Sample], level: float) -> Candidate:
        """A candidate without what is good for nothing where it holds."""
        allowed = [np.where(_left_out(choice, sample.x.astype(np.float64)), np.inf, level) for sample in samples]
        kernel = shortened(
            choice.candidate.kernel, judging(samples, allowed), lambda each: nanoseconds(each, self.arithmetic)
        )
        return Candidate(choice.candidate.rule, kernel)

    # Errors and intervals ---------------------------------------------------------------------------------------------

    @cached_property
    def first(self) -> Sample:
        """The inputs that candidates are tried at first."""
        return self._sample(self._inputs(range(_SEEDS)))

    @cached_property
    def _many(self) -> Sample:
        """Usual inputs in numbers, for what is fitted to them: low parts that nobody sees."""
        drawn = np.random.default_rng(0).normal(0.0, _SPREAD, _MANY)
        return self._sample(np.sort(drawn.astype(self.arithmetic.result)))

    def _fresh(self, choice: _Choice, samples: Sequence[Sample], number: int, times: int) -> Sample:
        """Inputs that have not been tried: usual ones, at the ends of intervals, and around those where it is worst.

        These are `times` as many as otherwise. None that the choice leaves out: most of those are dear, for there the
        function is as good as 0.
        """
        generator = np.random.default_rng(number)
        seed = _SEEDS + _FRESH * number
        edges = [end for interval in choice.left_out for end in interval if end is not None]
        x = np.concatenate([sample.x for sample in samples]).astype(np.float64)
        errors = np.concatenate([self._errors(choice.candidate, sample) for sample in samples])
        errors[_left_out(choice, x)] = 0.0
        around = np.array([*edges, *x[np.argsort(errors)[-_WORST:]]])
        usual = generator.normal(0.0, _SPREAD, times * _USUAL)
        with np.errstate(over="ignore", invalid="ignore"):
            near = np.outer(around, 1 + generator.uniform(-_AROUND, _AROUND, times * _NEAR)).ravel()
            x = self._inputs(range(seed, seed + _FRESH), np.concatenate([usual, near]))
        return self._sample(x[~_left_out(choice, x)])

    @cached_property
    def _beside(self) -> list[NDArray[Any]]:
        """Inputs beside the roots, which are found with the first seeds' inputs."""
        format, dtype = FORMATS[self.arithmetic.result], np.dtype(self.arithmetic.result)
        t = _sizes(range(_SEEDS), dtype)
        return [side * beside_roots(self.oracle, format, t, side).astype(dtype) for side in (-1, 1)]

    def _inputs(self, seeds: Sequence[int], more: NDArray[np.float64] = _NONE) -> NDArray[Any]:
        format = FORMATS[self.arithmetic.result]
        dtype = np.dtype(self.arithmetic.result)
        t = _sizes(seeds, dtype)
        large = np.outer([1, -1], _LARGE * float(np.finfo(dtype).max)).ravel()
        special = np.array([0.0, -0.0, np.inf, -np.inf, *large], dtype)
        around = np.asarray(around_thresholds(self.oracle, format), dtype)
        return np.concatenate([-t, t, around, *self._beside, special, more.astype(dtype)])

    def _sample(self, x: NDArray[Any]) -> Sample:
        return Sample.of(self.arithmetic, self.oracle, x, {})

    @cached_property
    def _roots(self) -> dict[int, list[float]]:
        """The sizes of the roots on each side beside which digits are given for speed."""
        if not self.arithmetic.is_quick:
            return {}
        found = {}
        for side in (-1, 1):
            here = (np.sign(self.first.x) == side) & np.isfinite(self.first.x)
            size = np.abs(self.first.x[here])
            order = np.argsort(size)
            changes = sign_changes(size[order].tolist(), self.first.reference.rounded[here][order].tolist())
            found[side] = [high for _, high in changes]
        return found

    def _errors(self, candidate: Candidate, sample: Sample) -> NDArray[np.float64]:
        """A candidate's errors, as parts of what they may be beside a root."""
        errors = sample.errors(candidate.kernel).copy()
        for side, roots in self._roots.items():
            here = np.sign(sample.x) == side
            tolerance = root_tolerance(np.abs(sample.x[here]), roots)
            at_root = np.isinf(tolerance)  # where not even the sign is known
            errors[here] = np.where(at_root, np.inf, errors[here] / np.where(at_root, 1.0, tolerance))
        return errors

    def _bad(self, candidate: Candidate, sample: Sample, level: float) -> tuple[NDArray[np.bool_], float]:
        """At which inputs a candidate is worse than it may be, and its largest error at the others."""
        errors = self._errors(candidate, sample)
        bad = ~(errors <= level)
        return bad, float(errors[~bad].max(initial=0.0))

    @cached_property
    def _taken_over(self) -> float:
        """Nanoseconds that the other program takes for a number that is left out."""
        return self._alone + _MOVED

    @cached_property
    def _alone(self) -> float:
        """Nanoseconds that the other program takes, with what keeps a wide one's exponentials from ending early."""
        kept = sum(step.operation in _EXPONENTIALS for step in self.other.instructions)
        kept *= self.arithmetic.is_wide
        return nanoseconds(self.other, self.arithmetic) + kept * nanoseconds_of("min", self.arithmetic.name, True)

    @cached_property
    def _worth(self) -> float:
        """Nanoseconds that a short program may take."""
        return _WORTH * self._alone

    @cached_property
    def _called(self) -> float:
        """Nanoseconds that calling it takes."""
        return calls(self.other, self.arithmetic) * _CALL

    def _choice(self, candidate: Candidate, samples: Sequence[Sample], level: float) -> _Choice | None:
        """A candidate with what it has to leave out; None where that is too much."""
        x, where = np.unique(np.concatenate([sample.x for sample in samples]), return_inverse=True)
        x = x.astype(np.float64)
        judged = [self._bad(candidate, sample, level) for sample in samples]
        bad = np.bincount(where, np.concatenate([each for each, _ in judged])) > 0
        compared = 2 * sum(nanoseconds_of(operation, self.arithmetic.name, True) for operation in ("lt", "and"))
        left_out = _merged_intervals(_intervals(x, bad), compared / self._taken_over)
        if left_out is None:
            return None
        kernel = self._kernel(candidate, left_out, "y")
        price = nanoseconds(kernel, self.arithmetic) + self._elsewhere(left_out)
        return _Choice(candidate, left_out, price, max(error for _, error in judged))

    def _elsewhere(self, left_out: Sequence[_Interval]) -> float:
        """Nanoseconds a number, of all, that the other program takes where it takes over."""
        share = sum(map(_share, left_out))
        length = _BLOCK // self.arithmetic.dtype.itemsize
        seldom = 1.0 - (1.0 - min(share, 1.0)) ** length
        return self._called * seldom / length + share * self._taken_over

    # Programs ---------------------------------------------------------------------------------------------------------

    def _written(self, choice: _Choice, output: str) -> tuple[Kernel, list[dict[str, Any]]]:
        record = {
            "rule": choice.candidate.rule,
            "outside": [list(interval) for interval in choice.left_out],
            "error": float(f"{choice.error:.2g}"),
        }
        return self._kernel(choice.candidate, choice.left_out, output), [record]

    def _kernel(self, candidate: Candidate, left_out: Sequence[_Interval], output: str) -> Kernel:
        b = Builder()
        x = b.input("x")
        outputs = {output: b.include(_with_decays(candidate.kernel))["y"]}
        outside = inside_of(b, x, [(_text(low), _text(high)) for low, high in left_out])
        if outside is not None:
            outputs[OUTSIDE] = outside
        return b.kernel("usual", ["x"], [], outputs)


def _sizes(seeds: Sequence[int], dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.unique(np.concatenate([inputs(0.0, np.inf, dtype, seed=seed) for seed in seeds]))


def _with_decays(kernel: Kernel) -> Kernel:
    """The same with one operation for exp(-a), as most forms have it: so f and f' share it."""
    b = Builder()
    here: list[int] = []
    for step in kernel.instructions:
        argument = kernel.instructions[step.operands[0]] if step.operation == "exp" else step
        if step.operation == "exp" and argument.operation == "neg":
            here.append(b("decay", here[argument.operands[0]]))
        else:
            here.append(b.copy(step, here))
    return b.kernel(kernel.name, kernel.inputs, kernel.parameters, {name: here[i] for name, i in kernel.outputs})


def _left_out(choice: _Choice, x: NDArray[Any]) -> NDArray[np.bool_]:
    """Which inputs a choice leaves out."""
    found = np.zeros(len(x), bool)
    for low, high in choice.left_out:
        found |= (True if low is None else x > low) & (True if high is None else x < high)
    return found


def _text(end: float | None) -> str | None:
    """The end of an interval as the exact number that it is."""
    return None if end is None else str(Fraction(end))


def _intervals(x: NDArray[np.float64], bad: NDArray[np.bool_]) -> list[_Interval]:
    """The stretches of bad inputs, with somewhat more, for errors are not smooth.

    Where there are as good as no inputs beyond, they go on to the end: that is one comparison less.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]]).astype(int)))
    found: list[_Interval] = []
    for start, end in edges.reshape(-1, 2).tolist():
        low, high = (float(x[i]) if 0 <= i < len(x) else None for i in (start - 1, end))
        if low is None or _share((None, low)) < _NEVER:
            low, found = None, []
        if high is None or _share((high, None)) < _NEVER:
            high = None
        found.append(_wider(low, high))
        if high is None:
            break
    return found


def _wider(low: float | None, high: float | None) -> _Interval:
    """An interval with an eighth of its width on both sides, or a tail with a part of its distance from 0."""
    if low is None or high is None:
        below, above = (None if end is None else _FURTHER * abs(end) for end in (low, high))
    else:
        below = above = (high - low) / 8
    return (
        None if low is None or below is None else low - below,
        None if high is None or above is None else high + above,
    )


def _merged_intervals(found: list[_Interval], worth: float) -> tuple[_Interval, ...] | None:
    """At most `_INTERVALS` of them, with a share of more than `worth` between them; None where nothing is left."""
    gaps = [_share((a[1], b[0])) for a, b in pairwise(found)]
    while gaps:
        narrowest = min(range(len(gaps)), key=gaps.__getitem__)
        if len(found) <= _INTERVALS and gaps[narrowest] > worth:
            break
        found[narrowest : narrowest + 2] = [(found[narrowest][0], found[narrowest + 1][1])]
        del gaps[narrowest]
    if (None, None) in found:
        return None
    return tuple(found)


def _share(interval: _Interval) -> float:
    """How much of the usual inputs is in an interval."""
    low, high = interval
    below = 0.0 if low is None else _share_below(low)
    return max((1.0 if high is None else _share_below(high)) - below, 0.0)


@lru_cache(maxsize=1 << 14)
def _share_below(x: float) -> float:
    return NormalDist(0.0, _SPREAD).cdf(x)
