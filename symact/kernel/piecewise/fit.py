"""A polynomial for one entry of a table: float32 coefficients that together are as exact as float32 lets them be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, ctx

from symact.kernel.piecewise.exact import Ball
from symact.oracle.formats import FORMATS

#: Bits of the fit.
_PRECISION = 256

#: Points of the fit for each coefficient, and how many centres are tried at most.
_DENSITY, _CENTRES = 4, 200

#: A centre is good enough where the value is within so many units in the last place of a float32.
_NEAR = 0.004

#: Centres are looked for within this part of the interval's width around the one that was asked for.
_AROUND = 0.02

#: Multiples of the golden ratio fill an interval evenly, however many there are.
_GOLDEN = (math.sqrt(5) - 1) / 2

_FLOAT32 = FORMATS["float32"]


@dataclass(frozen=True)
class Entry:
    """f(u) = a0 + h*(a1 + h*(a2 + ...)) with h = u - centre, all float32 numbers.

    `error` is the largest difference from f at the points of the fit, in units of 2^-24 of f.
    """

    centre: float
    coefficients: tuple[float, ...]
    error: float


def rounded(value: arb) -> float:
    """The nearest float32 number."""
    mantissa, exponent = value.mid().man_exp()
    return _FLOAT32.nearest_dyadic(int(mantissa), int(exponent))


def fit(f: Ball, low: float, high: float, centre: float, degree: int, *, exact_centre: bool = False) -> Entry:
    """The entry for low <= u <= high with the smallest error relative to f.

    One coefficient after the other is rounded, and the rest fitted again, so that they take up what its rounding lost.

    Args:
        f: the function; it may change its sign once, close to `centre`.
        low, high: the interval.
        centre: roughly where h = 0; the centre is chosen near it such that f(centre) is almost a float32 number.
        degree: of the polynomial.
        exact_centre: take `centre` as it is.
    """
    with ctx.workprec(_PRECISION):
        middle = centre if exact_centre else _centre(f, low, high, centre)
        count = _DENSITY * (degree + 1)
        half, between = (arb(high) - low) / 2, (arb(high) + low) / 2
        nodes = [between + half * (arb.pi() * (2 * i + 1) / (2 * count)).cos() for i in range(count)]
        values = [f(u) for u in nodes]
        reach = arb(max(high - middle, middle - low))
        scaled = [(u - middle) / reach for u in nodes]
        found = _coefficients(scaled, values, rounded(f(arb(middle))), degree, reach)
        worst = 0.0
        for t, value in zip(scaled, values, strict=True):
            polynomial = arb(0)
            for coefficient in reversed(found):
                polynomial = polynomial * (t * reach) + coefficient
            worst = max(worst, abs(float(((polynomial / value) - 1).mid())) * 2.0**24)
        return Entry(middle, tuple(found), worst)


def _centre(f: Ball, low: float, high: float, wanted: float) -> float:
    """A float32 number near the wanted one at which f is almost a float32 number."""
    best, distance = wanted, math.inf
    for k in range(_CENTRES):
        part = _GOLDEN * k % 1
        offset = part - 1 if part > 0.5 else part
        candidate = rounded(arb(wanted + _AROUND * (high - low) * offset))
        value = f(arb(candidate))
        near = rounded(value)
        units = abs(float(value - near)) / float(_FLOAT32.ulp(near))
        if units < distance:
            best, distance = candidate, units
        if distance < _NEAR:
            break
    return best


def _coefficients(
    points: Sequence[arb], values: Sequence[arb], constant: float, degree: int, reach: arb
) -> list[float]:
    """Least squares of the relative error; the points are those of Chebyshev, so that it is nearly levelled."""
    size = degree + 1
    moments, right = [arb(0)] * (2 * degree + 1), [arb(0)] * size
    for t, value in zip(points, values, strict=True):
        power = 1 / value**2
        for k in range(2 * degree + 1):
            moments[k] += power
            if k < size:
                right[k] += power * value
            power *= t
    found = [constant]
    for first in range(1, size):
        rest = range(first, size)
        matrix = arb_mat([[moments[i + j] for j in rest] for i in rest])
        sides = []
        for i in rest:
            side = right[i]
            for j, coefficient in enumerate(found):
                side -= coefficient * reach**j * moments[i + j]
            sides.append([side])
        solution = matrix.solve(arb_mat(sides))
        found.append(rounded(solution[0, 0] / reach**first))
    return found
