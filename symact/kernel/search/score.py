"""How far a program is from the truth: sampled inputs whose exact values are computed once for all candidates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.kernel.arithmetic import ARITHMETICS, Arithmetic
from symact.kernel.interpret import Steps, evaluate
from symact.kernel.program import LEAVES, Kernel
from symact.oracle import Oracle, Reference
from symact.oracle.formats import FORMATS, Float64s, Format
from symact.oracle.memory import remembered

#: How many roots are looked at more closely, how many numbers beside each, and from which power of 1/2 of its size on
#: there is one number for each power: where expansions end, formulas' errors oscillate.
_MOST_ROOTS, _BESIDE, _CLOSELY = 6, 4, 9

#: In quick arithmetic, up to which part of its size beside a root errors may grow as the inverse distance from it, and
#: up to which part they do not count.
_BESIDE_ROOT, _AT_ROOT = 0.25, 2.0**-18

#: What a basic operation costs beside an addition (about what vector units take), for choosing among equally accurate
#: programs.
_COSTS = {
    "div": 12,
    "sqrt": 12,
    "pow": 150,
    **dict.fromkeys(("sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "asinh", "acosh", "atanh"), 100),
    **dict.fromkeys(LEAVES, 0),
}


#: In fused arithmetics: what a division takes of a processor's ports, and how long it keeps the divider busy, in the
#: same units: 3 of the 32 operations on a vector that are done in the 16 cycles of one division (AVX-512 of 2017 to
#: 2023, two ports).
_DIVISION, _DIVIDER = 3, 32


def cost(kernel: Kernel, arithmetic: Arithmetic) -> int:
    """The program's cost in units of an addition (of eighths in fused arithmetics), with symact's own functions.

    In fused arithmetics a product is free that is only added to something, and either the divider or the rest keeps a
    processor waiting; what does not counts a little.
    """
    if arithmetic.is_fused:
        count, divisions = slots(kernel, arithmetic.name)
        return 8 * max(count, _DIVIDER * divisions) + count
    return sum(_cost(step.operation, arithmetic.name) for step in kernel.instructions)


def slots(kernel: Kernel, arithmetic: str) -> tuple[int, int]:
    """How many operations a program takes, with fused products, and how many divisions there are among them."""
    uses: dict[int, list[str]] = {}
    for step in kernel.instructions:
        for operand in step.operands:
            uses.setdefault(operand, []).append(step.operation)
    count = divisions = 0
    for index, step in enumerate(kernel.instructions):
        if step.operation == "mul" and uses.get(index) in (["add"], ["sub"]):
            continue
        here = _slots_of(step.operation, arithmetic)
        count, divisions = count + here[0], divisions + here[1]
    return count, divisions


@cache
def _slots_of(operation: str, arithmetic: str) -> tuple[int, int]:
    if operation in ("div", "sqrt"):
        return _DIVISION, 1
    program = ARITHMETICS[arithmetic].functions.get(operation)
    if program is None or operation in _SLOTS or operation == "product_error":  # a fused operation
        return _SLOTS.get(operation, _COSTS.get(operation, 1)), 0
    return slots(program, arithmetic)


#: Operations that are several ones, or none. The power of a decaying exponential is found with what stands beside it.
_SLOTS = {
    **dict.fromkeys(("pow2", "decay_power", "gauss_power", "bell_power", "copysign"), 2), "exponent": 4, "mantissa": 4,
    **dict.fromkeys(LEAVES, 0),
}  # fmt: skip


@cache
def _cost(operation: str, arithmetic: str) -> int:
    program = ARITHMETICS[arithmetic].functions.get(operation)
    return cost(program, ARITHMETICS[arithmetic]) if program else _COSTS.get(operation, 1)


def inputs(lower: float, upper: float, dtype: Any, seed: int) -> NDArray[Any]:
    """Sizes t in (lower, upper) where kernels fail: all exponents, the origin, exponential tails, both edges.

    The same arguments give the same inputs, sorted and without repeats, exact in `dtype`.
    """
    generator = np.random.default_rng(seed)
    info = np.finfo(dtype)
    low, high = max(lower, float(info.smallest_subnormal)), min(upper, float(info.max))
    if low > high:  # between two numbers of the format, or beyond all of them
        return np.array([], dtype)
    sets = [np.exp(generator.uniform(np.log(low), np.log(high), 260))]
    for reach, count in ((2.0, 80), (12.0, 120), (50.0, 80), (120.0, 60), (800.0, 120)):
        if min(reach, high) > low:
            sets.append(generator.uniform(low, min(reach, high), count))
    steps = 2.0 ** -np.arange(2, 40)
    sets += [low * (1 + steps), high * (1 - steps)]
    with np.errstate(over="ignore"):
        points = np.unique(np.concatenate(sets).astype(dtype))
        inside: NDArray[Any] = points[(points > lower) & (points < upper) & np.isfinite(points)]
    return inside


@remembered
def beside_roots(oracle: Oracle, format: Format, t: NDArray[Any], side: int) -> Float64s:
    """Sizes close to the roots of a function on one side: from each root's neighbours out to a quarter of its size.

    Args:
        oracle: the function.
        format: of the numbers.
        t: sizes in increasing order between which roots are looked for.
        side: 1, or -1 for the function at -t.
    """

    if len(t) == 0:
        return np.array([])

    def signs(ordinals: NDArray[np.int64]) -> Float64s:
        return np.asarray(np.sign(oracle.reference(side * format.from_ordinals(ordinals), format).rounded))

    ends = format.ordinals(np.asarray(t, np.float64))
    there = signs(ends)
    (found,) = np.nonzero(there[1:] * there[:-1] < 0)
    found = found[:_MOST_ROOTS]
    low, high = ends[found], ends[found + 1]
    while (high - low > 1).any():
        middle = low + (high - low) // 2
        same = signs(middle) == there[found]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    beside = (low[:, None] + np.arange(-_BESIDE, _BESIDE + 2)).ravel()
    steps = 2.0 ** -np.concatenate([np.arange(2, _CLOSELY, 0.125), np.arange(_CLOSELY, format.precision)])
    around = np.outer(format.from_ordinals(low), np.concatenate([1 - steps, 1 + steps])).ravel()
    rounded = around.astype(format.dtype).astype(np.float64)
    points = np.unique(np.concatenate([format.from_ordinals(beside), rounded]))
    inside: Float64s = points[(points > t[0]) & (points < t[-1])]
    return inside


def root_tolerance(size: NDArray[np.float64], roots: Sequence[float]) -> NDArray[np.float64]:
    """How many times as large as elsewhere a quick program's error may be: as 1/distance beside a root."""
    found = np.ones(len(size))
    for root in roots:
        distance = np.abs(size - root)
        near = np.full(len(size), np.inf)  # so close that not even the sign is known
        np.divide(_BESIDE_ROOT * root, distance, out=near, where=distance > _AT_ROOT * root)
        found = np.maximum(found, near)
    return found


@dataclass(frozen=True)
class Sample:
    """Inputs for one arithmetic, the parameters' values, and the exact values there.

    The inputs are numbers of the arithmetic's result format, held in the dtype in which it computes. Where `fused` is
    true, errors are the larger ones of without and with products fused with sums.
    """

    arithmetic: Arithmetic
    x: NDArray[Any]
    parameters: Mapping[str, float]
    reference: Reference
    fused: bool = False
    _known: dict[Kernel, Float64s] = field(default_factory=dict, compare=False, repr=False)
    _steps: dict[str, Steps] = field(default_factory=lambda: defaultdict(dict), compare=False, repr=False)

    @staticmethod
    def of(arithmetic: Arithmetic, oracle: Oracle, x: NDArray[Any], parameters: Mapping[str, float]) -> Sample:
        """The exact values from the oracle of the function at those parameters; x in the result format's dtype."""
        reference = oracle.reference(x, arithmetic.result)
        return Sample(arithmetic, x.astype(arithmetic.dtype), parameters, reference)

    def with_fused(self, index: NDArray[Any]) -> Sample:
        """Some of the inputs, and errors with fused products too."""
        return Sample(self.arithmetic, self.x[index], self.parameters, self.reference[index], fused=True)

    def forgetful(self) -> Sample:
        """The same inputs; nothing is remembered of programs."""
        return Sample(self.arithmetic, self.x, self.parameters, self.reference, self.fused)

    def errors(self, kernel: Kernel) -> Float64s:
        """The program's error at each input in ULP of the result's format, before the last rounding in wide arithmetic.

        A wrong NaN, infinity or sign of zero is infinitely wrong, in wide arithmetic also where it is one only once it
        is rounded, or with NumPy's functions. So is a root that is met exactly, if it is not where products are fused
        with sums. Where subnormal numbers may be taken for 0, a normal result has to stand that.
        """
        if kernel not in self._known:
            values = self._evaluated(kernel, "all")
            if self.arithmetic.is_wide:
                values = overflowing(values, self.arithmetic)
            errors = self.reference.errors(values)
            zeros = self._zeros[values[self._zeros] == 0]
            if zeros.size:
                contracted = self._evaluated(kernel, "contracted")[values[self._zeros] == 0]
                errors[zeros[np.abs(contracted) >= FORMATS[self.arithmetic.result].smallest_normal]] = np.inf
            if self.arithmetic.is_wide:
                for each in (values[self._zeros], self._evaluated(kernel, "library")):
                    errors[self._wrong_zeros(each)] = np.inf
            if self.fused:
                errors = np.maximum(errors, self.reference.errors(self._evaluated(kernel, "fused")))
            if self.arithmetic.may_flush:
                values = self._evaluated(kernel, "flushed")
                smallest = FORMATS[self.arithmetic.result].smallest_normal
                normal = (np.abs(self.reference.rounded) >= smallest) & ~(np.abs(self.x) < smallest)
                errors = np.where(normal, np.maximum(errors, self.reference.errors(values)), errors)
            self._known[kernel] = errors
        return self._known[kernel]

    @cached_property
    def _zeros(self) -> NDArray[np.intp]:
        """Which inputs other than 0 have a value that rounds to 0."""
        return np.nonzero((self.reference.rounded == 0) & (self.x != 0))[0]

    def _evaluated(self, kernel: Kernel, way: str) -> NDArray[Any]:
        """The program's values at all inputs, "flushed", "fused" or neither.

        Or, "contracted" or by the "library", where the true one rounds to 0.
        """
        x = self.x[self._zeros] if way in ("contracted", "library") else self.x
        options = {way: True} if way != "all" else {}
        values: dict[str, Any] = {"x": x, **self.parameters}
        (found,) = evaluate(kernel, values, self.arithmetic, **options, memory=self._steps[way]).values()
        return found

    def _wrong_zeros(self, values: NDArray[Any]) -> NDArray[np.intp]:
        """Where the true value rounds to 0, and the program's values there, given, to that with the wrong sign."""
        with np.errstate(over="ignore"):
            values = values.astype(self.arithmetic.result)
        other = np.signbit(values) != np.signbit(self.reference.rounded[self._zeros])
        return np.asarray(self._zeros[np.isnan(values) | ((values == 0) & other)])


def overflowing(values: NDArray[Any], arithmetic: Arithmetic) -> NDArray[Any]:
    """Values of a wide program with infinities where rounding to the result's format gives them."""
    with np.errstate(over="ignore"):
        rounded = values.astype(arithmetic.result).astype(values.dtype)
    return np.where(np.isinf(rounded), rounded, values)
