"""The numeric gate: an asymptotic claim g ~ leading is let through only if computed values of g/leading tend to 1.

The values are Arb balls, refined until they are narrow, so cancellation and underflow cannot deceive. A derivative is
measured by differences of the function itself, so that a wrong derivation does not confirm itself. The points climb a
ladder, 2**(2**m), up which powers of t, of ln t and then of ln ln t become negligible. Where the values cannot be
computed that far, they are extrapolated, and the extrapolation has to agree with 1 within its own error.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, ctx
from sympy import Expr, Symbol, diff

from symact.analysis.numbers import evaluator
from symact.symbolic.leading import Leading

#: A function of a point and of a step that is small there, at the precision in force.
Measured = Callable[[arb, arb], arb]

#: Bits to begin with, the most that are spent at the first attempt and at the second, and how many have to be right.
_FIRST_BITS, _MOST_BITS, _RIGHT_BITS = 320, (5120, 20480), 128

#: A step is so many bits smaller than the scale on which the function varies: twice as many are right in a difference.
_STEP_BITS = 70

#: The ladder: t = 1.375 * 2**(2**m). The steps beyond 16 serve functions that vary with ln ln t.
_LADDER = (*range(17), 32, 64, 128, 256, 512, 1024, 2048, 4096)

#: After so many rungs powers of t are of no account.
_ALGEBRAIC_RUNGS = 18

#: The smallest point is 2**-_DEEPEST.
_DEEPEST = 256

#: A ratio that goes straight to 1 comes at least so near, 1e-12, and below the second, 1e-34, it need not fall further.
_NEAR, _EQUAL = arb((1, -40)), arb((1, -115))

#: The largest error of an extrapolated ratio.
_FINE = arb((1, -26))

#: How many of the last samples are extrapolated, and log2 of the ratio of neighbours below the largest point that can
#: be computed: many where the correction is one series, few where another one dies out faster.
_NODES, _SPACING = (14, 9, 6), 0.12

#: What corrections may be powers of, besides those of `Ratio.corrections`.
_VARIABLES: tuple[Callable[[arb], arb], ...] = (
    lambda t: 1 / t**2,
    lambda t: 1 / t,
    lambda t: t.rsqrt(),
    lambda t: 1 / t.log(),
    lambda t: 1 / t.log().log(),
)

#: Pairs of variables v, w such that corrections may be sums of products v**i * w**j, j <= i, besides
#: `Ratio.mixed_corrections`; and the largest i.
_PAIRS: tuple[tuple[Callable[[arb], arb], Callable[[arb], arb]], ...] = (
    (lambda t: 1 / t, lambda t: t.log()),
    (lambda t: 1 / t.log(), lambda t: t.log().log()),
)
_DEGREES = (3, 2)


def slope(f: Expr, t: Symbol, side: int) -> Measured:
    """The derivative of f with respect to side*t, by a central difference."""
    function = evaluator(f, t)
    return lambda point, step: side * (function(point + step) - function(point - step)) / (2 * step)


def value(f: Expr, t: Symbol) -> Measured:
    """The function itself."""
    function = evaluator(f, t)
    return lambda point, step: function(point)


def negative(measured: Measured) -> Measured:
    """What is measured with the other sign."""
    return lambda point, step: -measured(point, step)


def less(measured: Measured, constant: Expr, t: Symbol) -> Measured:
    """What is measured without a constant."""
    offset = evaluator(constant, t)
    return lambda point, step: measured(point, step) - offset(point)


class Ratio:
    """measured/leading at points, to `_RIGHT_BITS` bits.

    Args:
        measured: the function.
        leading: its alleged leading term.
        t: the variable of the leading term.
        most_bits: the highest precision.
    """

    def __init__(self, measured: Measured, leading: Leading, t: Symbol, most_bits: int) -> None:
        self._measured = measured
        self._leading = evaluator(leading.expression, t)
        self._speed = evaluator(t * diff(leading.logarithm, t), t)
        self._bits = _FIRST_BITS
        self._most_bits = most_bits

    def at(self, exponent: float) -> tuple[arb, arb] | None:
        """The point 1.375 * 2**exponent and the ratio there; None where the precision does not suffice."""
        bits = self._bits
        while bits <= self._most_bits:
            with ctx.workprec(bits):
                point = _point(exponent)
                step = arb((1, -_STEP_BITS)) * point / (1 + abs(self._speed(point)).mid())
                ratio = self._measured(point, step) / self._leading(point)
                if ratio.is_finite() and ratio.rel_accuracy_bits() >= _RIGHT_BITS:
                    self._bits = bits
                    return point, ratio
            bits *= 2
        return None

    def corrections(self) -> tuple[Callable[[arb], arb], ...]:
        """1/abs(t*h) and 1/abs(h), h the hazard rate: what is left out where a derivative's largest factor leads."""
        return lambda t: 1 / abs(self._speed(t)), lambda t: t / abs(self._speed(t))

    def mixed_corrections(self) -> tuple[Callable[[arb], arb], Callable[[arb], arb]]:
        """1/abs(h) and 1/t, where h grows and a power of t stands beside the leading factor."""
        return lambda t: t / abs(self._speed(t)), lambda t: 1 / t


def _point(exponent: float) -> arb:
    whole = int(exponent // 1)
    return arb((round(11 * 2 ** (17 + exponent - whole)), whole - 20))


def _approaches(samples: Sequence[tuple[arb, arb]]) -> bool:
    """Whether the last four ratios come nearer and nearer to 1."""
    errors = [abs(ratio - 1).upper() for _, ratio in samples[-4:]]
    return len(errors) == 4 and all(b < _EQUAL or b < a for a, b in itertools.pairwise(errors))


def _goes_to_one(samples: Sequence[tuple[arb, arb]]) -> bool:
    """Whether the ratios go to 1 steadily and end very near."""
    return _approaches(samples) and abs(samples[-1][1] - 1) < _NEAR


def _extrapolated(nodes: Sequence[arb], ratios: Sequence[arb]) -> tuple[arb, arb]:
    """The value at 0 of the polynomial through the points (Neville), and how far leaving out an end moves it."""
    column = list(ratios)
    ends = column
    for width in range(1, len(nodes)):
        ends = column
        column = [
            (nodes[i] * column[i + 1] - nodes[i + width] * column[i]) / (nodes[i] - nodes[i + width])
            for i in range(len(nodes) - width)
        ]
    return column[0], sum((abs(column[0] - end) for end in ends), arb(0)).upper()


def _fitted(rows: Sequence[Sequence[arb]], ratios: Sequence[arb]) -> tuple[arb, arb]:
    """The constant part of the sum of functions that takes the ratios, and how far one less of them moves it.

    Args:
        rows: at each point the functions, the first of which is 1; there are as many as points.
        ratios: what the sum is there.
    """

    def constant(first: int, count: int) -> arb:
        matrix = arb_mat([list(row[:count]) for row in rows[first : first + count]])
        return matrix.solve(arb_mat(count, 1, list(ratios[first : first + count])))[0, 0]

    size = len(rows)
    whole = constant(0, size)
    return whole, sum((abs(whole - constant(first, size - 1)) for first in (0, 1)), arb(0)).upper()


def _place(point: arb) -> str:
    """A point in short: itself, its logarithm or the logarithm of that."""
    name = "t"
    while not point < 10**12:
        name, point = f"ln {name}", point.log()
    return f"{name} = {float(point):.3g}"


def _shown(small: arb) -> str:
    """A bound in two digits; below 1e-30 just that."""
    return f"{float(small):.1e}" if small > 1e-30 else "less than 1e-30"


@dataclass(frozen=True)
class _Judgement:
    """What samples say: how they confirm the claim, or that they refute it, or neither."""

    confirmed: str | None = None
    refuted: bool = False


def _judged(samples: Sequence[tuple[arb, arb]], ratio: Ratio) -> _Judgement:
    if _goes_to_one(samples):
        error = abs(samples[-1][1] - 1).upper()
        return _Judgement(
            f"values over leading term tend to 1; they differ by {_shown(error)} at {_place(samples[-1][0])}"
        )
    if len(samples) < min(_NODES):
        return _Judgement()
    if not _approaches(samples):
        return _Judgement(refuted=True)
    end, error = _best_extrapolation(samples, (*_VARIABLES, *ratio.corrections()), (*_PAIRS, ratio.mixed_corrections()))
    if not error < _FINE:
        return _Judgement()
    if not abs(end - 1) <= 4 * error + _EQUAL:
        return _Judgement(refuted=bool(abs(end - 1) > 1000 * error + _EQUAL))
    reached = _place(samples[-1][0])
    return _Judgement(f"values over leading term, extrapolated from {reached}, give 1 within {_shown(error)}")


def _best_extrapolation(
    samples: Sequence[tuple[arb, arb]],
    variables: Sequence[Callable[[arb], arb]],
    pairs: Sequence[tuple[Callable[[arb], arb], Callable[[arb], arb]]],
) -> tuple[arb, arb]:
    """The extrapolated ratio that changes least when an end of the samples is left out, and that change."""
    best, error = arb(0), arb(1)
    with ctx.workprec(2 * _FIRST_BITS):
        for count in _NODES:
            ratios = [ratio for _, ratio in samples[-count:]]
            for variable in variables:
                end, change = _extrapolated([variable(point) for point, _ in samples[-count:]], ratios)
                if change < error:
                    best, error = end, change
        for (v, w), degree in itertools.product(pairs, _DEGREES):
            powers = [(i, j) for i in range(degree + 1) for j in reversed(range(i + 1))]
            last = samples[-len(powers) :]
            if len(last) < len(powers):
                continue
            with contextlib.suppress(ZeroDivisionError):  # the functions cannot be told apart at these points
                rows = [[v(point) ** i * w(point) ** j for i, j in powers] for point, _ in last]
                end, change = _fitted(rows, [ratio for _, ratio in last])
                if change < error:
                    best, error = end, change
    return best, error


def _near_the_end(ratio: Ratio, good: float, bad: float) -> list[tuple[arb, arb]]:
    """Samples below the largest point that can be computed, which lies between two exponents."""
    while bad - good > max(0.5, 0.05 * good):
        middle = (good * bad) ** 0.5 if good > 1 else (good + bad) / 2
        if ratio.at(middle) is None:
            bad = middle
        else:
            good = middle
    samples = (ratio.at(good - _SPACING * back) for back in reversed(range(max(_NODES))))
    return [sample for sample in samples if sample is not None]


def confirm(measured: Measured, leading: Leading, t: Symbol) -> str | None:
    """How computed values confirm that ``measured`` is asymptotically equal to ``leading``; None if they do not."""
    for bits in _MOST_BITS:
        judgement = _examined(Ratio(measured, leading, t, bits))
        if judgement.confirmed is not None or judgement.refuted:
            return judgement.confirmed
    return None


def _examined(ratio: Ratio) -> _Judgement:
    samples: list[tuple[arb, arb]] = []
    for m in _LADDER:
        sample = ratio.at(2**m)
        if sample is None:
            break
        samples.append(sample)
        if _goes_to_one(samples):
            break
    judgement = _judged(samples, ratio)
    if judgement.confirmed is not None or len(samples) > _ALGEBRAIC_RUNGS:
        return judgement
    if samples:
        good, bad = float(2 ** _LADDER[len(samples) - 1]), float(2 ** _LADDER[len(samples)])
    else:
        # The function's own scale lies below the ladder.
        bad, good = 1.0, -1.0
        while ratio.at(good) is None:
            bad, good = good, 2 * good
            if good < -_DEEPEST:
                return _Judgement()
    return _judged(_near_the_end(ratio, good, bad), ratio)
