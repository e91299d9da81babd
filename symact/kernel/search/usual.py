"""Short programs for usual inputs, and where others have to take over.

NumPy computes a choice by computing both sides, and each step on all elements takes a pass through memory. A formula
as people write it has few steps and is good enough on most of the line; where it is not, an array seldom has elements,
and these are computed by the program that is good everywhere. So a short program has a further output, ``outside``:
where it does not hold.

Formulas are taken as they are found, in x, -x or |x|, evaluated with NumPy's own functions at inputs of both signs, and
judged by what they take for inputs that are normally distributed. Parameters have their default values in them, most of
which are 1: then there is nothing to multiply by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from itertools import pairwise, product
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from symact.errors import Error
from symact.kernel.arithmetic import USUAL, Arithmetic
from symact.kernel.interpret import evaluate
from symact.kernel.lowering import Lowering, Style
from symact.kernel.merge import merged
from symact.kernel.program import Builder, Kernel
from symact.kernel.rewrite import Form, forms
from symact.kernel.search.patch import sign_changes
from symact.kernel.search.score import Sample, beside_roots, inputs, root_tolerance
from symact.oracle import Oracle
from symact.oracle.formats import FORMATS
from symact.oracle.samples import around_thresholds
from symact.symbolic.branches import Branches

#: The output that says where the others do not hold.
OUTSIDE = "outside"

#: How large errors may be where a short program holds, in ULP of the result's format (before the last rounding in wide
#: arithmetic). Among millions of inputs they are up to twice as large, and an f' that is 2.9 off can make backward 5.
_LEVELS = {
    "usual_wide": (2.0**-5,),
    "usual_mixed": (1.5, 1.9, 2.4),
    "usual_float32": (3.5, 5.0, 7.0),
}

#: How much of the other program's time a short one may take to be worth having, and how many times the time of the
#: cheapest one, if it is better.
_WORTH, _BETTER = 0.8, 1.25

#: Inputs for which work is counted are normally distributed with this deviation.
_SPREAD = 3.0

#: A function with more pieces has no formula that is good on most of the line.
_PIECES = 2

#: A share of the inputs that is as good as none.
_NEVER = 1e-9

#: Nanoseconds that it takes to take a number out of an array and put the result back.
_MOVED = 12.0

#: The part of its distance from 0 by which a tail begins earlier than where errors were seen.
_FURTHER = 2.0**-6

#: The parts of the largest number at which products may overflow early.
_LARGE = np.array([0.99, 0.9, 0.75, 0.6, 0.5, 0.35, 0.25, 0.1])

#: How many forms of each half line are tried with those of the other one.
_EACH = 6

#: How many intervals a short program may leave out; how many samples a side inputs have, and how many of fresh ones are
#: tried how often, with how many usual ones, and how many around each edge and each of the worst ones, how far.
_INTERVALS, _SEEDS, _FRESH, _ROUNDS = 3, 2, 2, 8
_USUAL, _WORST, _NEAR, _AROUND = 2000, 8, 100, 2.0**-4
_NONE: NDArray[np.float64] = np.array([])

#: Nanoseconds a number of NumPy's functions, in place, on large blocks (NumPy 2.4, AVX-512, a core of 2023);
#: `_CALL` is what a call takes besides. Minima and maxima with one number for all, and copysign, have no vectors there.
_TIMES = {
    "float32": {"other": 0.13, "abs": 0.1, "neg": 0.1, "min": 0.42, "max": 0.42, "copysign": 0.6, "div": 0.15,
                "sqrt": 0.38, "exp": 0.5, "decay": 0.6, "expm1": 0.4, "log": 0.5, "log1p": 0.6, "log1p_unit": 0.6,
                "tanh": 0.4, "atan": 0.45, "sinh": 0.4, "cosh": 0.36, "asinh": 0.8, "pow": 0.75, "lt": 0.1, "le": 0.1,
                "eq": 0.1, "ne": 0.1, "and": 0.05, "or": 0.05, "select": 1.1, "product_error": 2.0, "sin": 0.75,
                "cos": 0.75},
    "float64": {"other": 0.22, "abs": 0.16, "neg": 0.15, "min": 0.5, "max": 0.5, "copysign": 0.75, "div": 0.37,
                "sqrt": 1.15, "exp": 0.95, "decay": 1.1, "expm1": 1.3, "log": 0.8, "log1p": 1.05, "log1p_unit": 1.05,
                "tanh": 1.7, "atan": 1.2, "sinh": 1.15, "cosh": 0.95, "asinh": 2.1, "pow": 3.1, "lt": 0.13, "le": 0.13,
                "eq": 0.13, "ne": 0.13, "and": 0.05, "or": 0.05, "select": 1.9, "product_error": 4.0, "sin": 8.4,
                "cos": 8.4, "pow2": 0.5, "exponent": 0.8, "mantissa": 1.2},
}  # fmt: skip
#: Those that in wide programs are kept from ending early.
_EXPONENTIALS = ("exp", "exp_long", "decay", "expm1")
_LEAVES = ("input", "parameter", "const")
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


def nanoseconds(kernel: Kernel, arithmetic: Arithmetic) -> float:
    """What NumPy takes for a program on large arrays, in nanoseconds a number."""
    return sum(_nanoseconds(step.operation, arithmetic.name) for step in kernel.instructions)


@cache
def _nanoseconds(operation: str, arithmetic: str) -> float:
    known = _TIMES[USUAL[arithmetic].compute]
    if operation in _LEAVES:
        return 0.0
    program = USUAL[arithmetic].functions.get(operation)
    if operation not in known and program is not None:
        return nanoseconds(program, USUAL[arithmetic])
    return known.get(operation, known["other"])


def _calls(kernel: Kernel, arithmetic: Arithmetic) -> int:
    """How many calls of NumPy a program takes."""
    operations = [step.operation for step in kernel.instructions if step.operation not in _LEAVES]
    programs = [arithmetic.functions.get(operation) for operation in operations]
    return sum(1 if program is None else _calls(program, arithmetic) for program in programs)


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
class _Candidate:
    rule: str
    kernel: Kernel


@dataclass(frozen=True)
class _Choice:
    """A candidate with the intervals of x that it leaves out: (last input before, first after), None at an end."""

    candidate: _Candidate
    left_out: tuple[_Interval, ...]
    price: float
    error: float


class _Search:
    def __init__(self, branches: Branches, arithmetic: Arithmetic, oracle: Oracle, other: Kernel) -> None:
        self.branches, self.arithmetic, self.oracle, self.other = branches, arithmetic, oracle, other
        self.x, self.t = branches.x, Symbol("t", positive=True)

    def found(self, output: str) -> tuple[Kernel, list[dict[str, Any]]] | None:
        """See `usual`."""
        candidates = [c for c in self._candidates() if self._is_computed(c)]
        candidates.sort(key=lambda c: nanoseconds(c.kernel, self.arithmetic))
        found = [self._at_level(candidates, level, _WORTH * self._alone) for level in _LEVELS[self.arithmetic.name]]
        choices = [choice for choice in found if choice is not None]
        if not choices:
            return None
        cheapest = min(choice.price for choice in choices)
        return self._written(next(choice for choice in choices if choice.price <= _BETTER * cheapest), output)

    def _at_level(self, candidates: Sequence[_Candidate], level: float, most: float) -> _Choice | None:
        """The cheapest choice that stands fresh inputs; those that it does not stand are tried with the others."""
        samples = [self.first]
        for number in range(_ROUNDS):
            best = self._best(candidates, samples, level, most)
            if best is None:
                return None
            fresh = self._fresh(best, samples, number)
            bad = self._bad(best.candidate, fresh, level)[0]
            if not bad.any():
                return best
            samples.append(self._sample(fresh.x[bad].astype(self.arithmetic.result)))
        return None

    # Candidates -------------------------------------------------------------------------------------------------------

    def _candidates(self) -> Iterator[_Candidate]:
        """Every form of a half in x (or -x) on the whole line, or in |x|: continued, or with one of the other half."""
        right, left = (
            forms(expression, self.t)
            for expression in (
                self.branches.pieces[-1].expression.subs(self.x, self.t),
                self.branches.pieces[0].expression.subs(self.x, -self.t),
            )
        )
        seen: set[Kernel] = set()
        for rule, kernel in (*self._on_the_whole_line(right, left), *self._by_sides(right, left)):
            if kernel is not None and kernel not in seen:
                seen.add(kernel)
                yield _Candidate(rule, kernel)

    def _on_the_whole_line(self, right: Sequence[Form], left: Sequence[Form]) -> Iterator[tuple[str, Kernel | None]]:
        for form in right:
            yield f"{form.rule} in x", self._lowered(form, "x")
            yield f"{form.rule} in |x|, even", self._lowered(form, "even")
            yield f"{form.rule} in |x|, odd", self._lowered(form, "odd")
        for form in left:
            yield f"{form.rule} in -x", self._lowered(form, "-x")

    def _by_sides(self, right: Sequence[Form], left: Sequence[Form]) -> Iterator[tuple[str, Kernel]]:
        """A form for each half, of the ones with the least to compute."""
        halves = []
        for each in (right, left):
            kernels = [(form.rule, kernel) for form in each if (kernel := self._lowered(form, "even")) is not None]
            halves.append(sorted(kernels, key=lambda found: nanoseconds(found[1], self.arithmetic))[:_EACH])
        for (first, above), (second, below) in product(*halves):
            b = Builder()
            x = b.input("x")
            value = b("select", b("lt", x, b.const(0)), b.include(below)["y"], b.include(above)["y"])
            kernel = merged(b.kernel("usual", ["x"], [], {"y": value}), self.arithmetic)
            yield f"{second} in |x| and {first}, by sides", kernel

    def _lowered(self, form: Form, way: str) -> Kernel | None:
        b = Builder()
        x = b.input("x")
        start = {"x": x, "-x": b("neg", x)}.get(way)
        start = b("abs", x) if start is None else start
        try:
            step = Lowering(b, {self.t: start}, form.where, Style(), self.arithmetic)(form.expression)
        except Error:
            return None
        if way == "odd":
            step = b("copysign", step, x)
        return b.kernel("usual", ["x"], [], {"y": step})

    def _is_computed(self, candidate: _Candidate) -> bool:
        """Whether a candidate gives a new array, NaN where x is NaN.

        A choice may give one of its sides as it is: results that are put into a number or into x would be lost.
        """
        ((_, index),) = candidate.kernel.outputs
        if _may_be_leaf(candidate.kernel, index):
            return False
        (value,) = evaluate(candidate.kernel, {"x": np.array([np.nan])}, self.arithmetic).values()
        return bool(np.isnan(value).all())

    # Errors and intervals ---------------------------------------------------------------------------------------------

    def _best(
        self, candidates: Sequence[_Candidate], samples: Sequence[Sample], level: float, most: float
    ) -> _Choice | None:
        """The cheapest choice that takes less than `most`; candidates come in the order of their own time."""
        best: _Choice | None = None
        x, where = np.unique(np.concatenate([sample.x for sample in samples]), return_inverse=True)
        x = x.astype(np.float64)
        for candidate in candidates:
            if nanoseconds(candidate.kernel, self.arithmetic) >= (most if best is None else best.price):
                break
            choice = self._choice(candidate, samples, level, x, where)
            if choice is not None and choice.price < (most if best is None else best.price):
                best = choice
        return best

    @cached_property
    def first(self) -> Sample:
        """The inputs that candidates are tried at first."""
        return self._sample(self._inputs(range(_SEEDS)))

    def _fresh(self, choice: _Choice, samples: Sequence[Sample], number: int) -> Sample:
        """Inputs that have not been tried: usual ones, at the ends of intervals, and around those where it is worst.

        None that the choice leaves out: most of those are dear, for there the function is as good as 0.
        """
        generator = np.random.default_rng(number)
        seed = _SEEDS + _FRESH * number
        edges = [end for interval in choice.left_out for end in interval if end is not None]
        x = np.concatenate([sample.x for sample in samples]).astype(np.float64)
        errors = np.concatenate([self._errors(choice.candidate, sample) for sample in samples])
        errors[_left_out(choice, x)] = 0.0
        around = np.array([*edges, *x[np.argsort(errors)[-_WORST:]]])
        usual = generator.normal(0.0, _SPREAD, _USUAL)
        with np.errstate(over="ignore", invalid="ignore"):
            near = np.outer(around, 1 + generator.uniform(-_AROUND, _AROUND, _NEAR)).ravel()
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

    def _errors(self, candidate: _Candidate, sample: Sample) -> NDArray[np.float64]:
        """A candidate's errors, as parts of what they may be beside a root."""
        errors = sample.errors(candidate.kernel).copy()
        for side, roots in self._roots.items():
            here = np.sign(sample.x) == side
            tolerance = root_tolerance(np.abs(sample.x[here]), roots)
            at_root = np.isinf(tolerance)  # where not even the sign is known
            errors[here] = np.where(at_root, np.inf, errors[here] / np.where(at_root, 1.0, tolerance))
        return errors

    def _bad(self, candidate: _Candidate, sample: Sample, level: float) -> tuple[NDArray[np.bool_], float]:
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
        return nanoseconds(self.other, self.arithmetic) + kept * _nanoseconds("min", self.arithmetic.name)

    @cached_property
    def _called(self) -> float:
        """Nanoseconds that calling it takes."""
        return _calls(self.other, self.arithmetic) * _CALL

    def _choice(
        self,
        candidate: _Candidate,
        samples: Sequence[Sample],
        level: float,
        x: NDArray[np.float64],
        where: NDArray[np.intp],
    ) -> _Choice | None:
        """A candidate with what it has to leave out; None where that is too much.

        `x` are the samples' inputs, sorted and without repeats, and `where` says at which of these each one is.
        """
        judged = [self._bad(candidate, sample, level) for sample in samples]
        bad = np.bincount(where, np.concatenate([each for each, _ in judged])) > 0
        compared = 2 * (_nanoseconds("lt", self.arithmetic.name) + _nanoseconds("and", self.arithmetic.name))
        left_out = _merged_intervals(_intervals(x, bad), compared / self._taken_over)
        if left_out is None:
            return None
        kernel = self._kernel(candidate, left_out, "y")
        share = sum(_share(interval) for interval in left_out)
        length = _BLOCK // self.arithmetic.dtype.itemsize
        seldom = 1.0 - (1.0 - min(share, 1.0)) ** length
        other = self._called * seldom / length
        other += share * self._taken_over
        return _Choice(
            candidate, left_out, nanoseconds(kernel, self.arithmetic) + other, max(error for _, error in judged)
        )

    # Programs ---------------------------------------------------------------------------------------------------------

    def _written(self, choice: _Choice, output: str) -> tuple[Kernel, list[dict[str, Any]]]:
        record = {
            "rule": choice.candidate.rule,
            "outside": [list(interval) for interval in choice.left_out],
            "error": float(f"{choice.error:.2g}"),
        }
        return self._kernel(choice.candidate, choice.left_out, output), [record]

    def _kernel(self, candidate: _Candidate, left_out: Sequence[_Interval], output: str) -> Kernel:
        b = Builder()
        x = b.input("x")
        outputs = {output: b.include(_with_decays(candidate.kernel))["y"]}
        outside: int | None = None
        for low, high in left_out:
            above = None if low is None else b("lt", _constant(b, low), x)
            below = None if high is None else b("lt", x, _constant(b, high))
            here = above if below is None else below if above is None else b("and", above, below)
            assert here is not None
            outside = here if outside is None else b("or", outside, here)
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


def _may_be_leaf(kernel: Kernel, index: int) -> bool:
    """Whether a step is an input or a number, or chooses such."""
    step = kernel.instructions[index]
    if step.operation == "select":
        return any(_may_be_leaf(kernel, side) for side in step.operands[1:])
    return step.operation in _LEAVES


def _left_out(choice: _Choice, x: NDArray[Any]) -> NDArray[np.bool_]:
    """Which inputs a choice leaves out."""
    found = np.zeros(len(x), bool)
    for low, high in choice.left_out:
        found |= (True if low is None else x > low) & (True if high is None else x < high)
    return found


def _constant(b: Builder, value: float) -> int:
    return b.const(str(Fraction(value)))


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
