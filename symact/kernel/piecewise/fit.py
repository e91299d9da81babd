"""A polynomial for one entry of a table: float32 coefficients that together are as exact as float32 lets them be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat, ctx

from symact.kernel.piecewise.exact import Ball
from symact.oracle.formats import FORMATS, Float64s

#: Bits of the fit.
_PRECISION = 256

#: The highest degree of a polynomial, and the points of a fit.
HIGHEST = 11
_POINTS = 40

#: How many centres are looked at, within which part of the interval's width around the one that is asked for.
_CENTRES, _AROUND = 2000, 0.02

#: The function is replaced there by the polynomial through so many of its values.
_THROUGH = 8

#: A slope that is next to nothing.
_LEVEL = 2.0**-60

#: Multiples of the golden ratio fill an interval evenly, however many there are.
_GOLDEN = (math.sqrt(5) - 1) / 2

_FLOAT32 = FORMATS["float32"]


@dataclass(frozen=True)
class Entry:
    """f(u) = lead*h + rest + a0 + h*(a1 + h*(a2 + ...)) with h = u - centre, all float32 numbers.

    `error` is the largest difference from f at the points of the fit, in units of 2^-24 of f.
    """

    centre: float
    coefficients: tuple[float, ...]
    error: float
    lead: float = 0.0
    rest: float = 0.0


@dataclass(frozen=True)
class Points:
    """What fits of all degrees need to know of a function on an interval, with arguments scaled to t = h/reach.

    Attributes:
        centre: where h = 0.
        constant: the function's value there as a float32 number, the first coefficient.
        rest: what that lacks, where it is of use; else 0.
        reach: the largest |h|.
        t, values: the points and the function.
        moments: sums of t^k/value^2, the matrix of the least squares.
        right: sums of t^k/value, their right side.
    """

    centre: float
    constant: float
    rest: float
    reach: arb
    t: tuple[arb, ...]
    values: tuple[arb, ...]
    moments: tuple[arb, ...]
    right: tuple[arb, ...]

    def at(self, u: Float64s) -> Float64s:
        """The function at numbers inside, to almost all digits of float64: the polynomial through the values."""
        t = (u - self.centre) / float(self.reach)
        above, below = np.zeros_like(t), np.zeros_like(t)
        for i, (node, value) in enumerate(zip(self.t, self.values, strict=True)):
            distance = t - float(node)
            weight = (
                (-1) ** i * math.sin(math.pi * (2 * i + 1) / (2 * _POINTS)) / np.where(distance == 0, 1e-300, distance)
            )
            above += weight * float(value)
            below += weight
        found: Float64s = above / below
        return found


def rounded(value: arb) -> float:
    """The nearest float32 number."""
    mantissa, exponent = value.mid().man_exp()
    return _FLOAT32.nearest_dyadic(int(mantissa), int(exponent))


def points(
    f: Ball, low: float, high: float, centre: float, constant: float | None = None, *, exact: bool = False
) -> Points:
    """The points of Chebyshev on low <= u <= high, at which least squares level the error nearly.

    Args:
        f: the function; it is nowhere 0, but may change its sign once, close to `centre`.
        low, high: the interval.
        centre: where h = 0.
        constant: the first coefficient, where it shall not be the function's value there.
        exact: whether that shall have a second part.
    """
    with ctx.workprec(_PRECISION):
        half, between = (arb(high) - low) / 2, (arb(high) + low) / 2
        nodes = [between + half * (arb.pi() * (2 * i + 1) / (2 * _POINTS)).cos() for i in range(_POINTS)]
        values = [f(u) for u in nodes]
        reach = arb(max(high - centre, centre - low))
        scaled = [(u - centre) / reach for u in nodes]
        moments, right = [arb(0)] * (2 * HIGHEST + 1), [arb(0)] * (HIGHEST + 1)
        for t, value in zip(scaled, values, strict=True):
            power = 1 / value**2
            for k in range(2 * HIGHEST + 1):
                moments[k] += power
                if k <= HIGHEST:
                    right[k] += power * value
                power *= t
        value = f(arb(centre))
        constant = rounded(value) if constant is None else constant
        rest = rounded(value - constant) if exact else 0.0
        return Points(centre, constant, rest, reach, tuple(scaled), tuple(values), tuple(moments), tuple(right))


def fit(given: Points, degree: int, *, flat: bool = False, root: bool = False) -> Entry:
    """The polynomial with the smallest error relative to the function.

    One coefficient after the other is rounded, and the rest fitted again, so that they take up what its rounding lost.

    Args:
        given: the function.
        degree: of the polynomial.
        flat: its slope at the centre shall be next to nothing, but have a sign.
        root: the function changes its sign at the centre, so that the slope there is wanted to more digits: two
            numbers, the first of which is `Entry.lead`.
    """
    with ctx.workprec(_PRECISION):
        lead = _next(given, [given.constant], degree, 0.0) if root else 0.0
        found = [given.constant, math.copysign(_LEVEL, given.constant)] if flat else [given.constant]
        while len(found) <= degree:
            found.append(_next(given, found, degree, lead))
        return Entry(given.centre, tuple(found), _error(given, found, lead), lead, given.rest)


def _next(given: Points, found: Sequence[float], degree: int, lead: float) -> float:
    """The coefficient after those that are fixed, from the best that can be made of it and the rest."""
    rest = range(len(found), degree + 1)
    matrix = arb_mat([[given.moments[i + j] for j in rest] for i in rest])
    sides = []
    for i in rest:
        side = given.right[i] - lead * given.reach * given.moments[i + 1] - given.rest * given.moments[i]
        for j, coefficient in enumerate(found):
            side -= coefficient * given.reach**j * given.moments[i + j]
        sides.append([side])
    return rounded(matrix.solve(arb_mat(sides))[0, 0] / given.reach ** len(found))


def _error(given: Points, coefficients: Sequence[float], lead: float) -> float:
    worst = 0.0
    for t, value in zip(given.t, given.values, strict=True):
        polynomial = arb(0)
        for coefficient in reversed(coefficients):
            polynomial = polynomial * (t * given.reach) + coefficient
        polynomial += lead * t * given.reach + given.rest
        worst = max(worst, abs(float(((polynomial / value) - 1).mid())) * 2.0**24)
    return worst


def good_centre(f: Ball, low: float, high: float, wanted: float, grain: float = 2.0**-149) -> float:
    """A float32 number near the wanted one at which f and its slope are almost such numbers, a multiple of `grain`."""
    around = _AROUND * (high - low)
    parts = (_GOLDEN * np.arange(_CENTRES) + 0.5) % 1 - 0.5
    near = np.round((wanted + 2 * around * parts) / grain) * grain
    candidates = np.unique(near.astype(np.float32)).astype(np.float64)
    value, slope = _interpolated(f, wanted, around, candidates)
    with np.errstate(all="ignore"):
        off = np.abs(_lost(value) / value) + np.abs(_lost(slope) / value) * (high - low) / 2
    return float(candidates[np.argmin(np.where(np.isfinite(off), off, np.inf))])


def _lost(values: Float64s) -> Float64s:
    """What rounding to float32 takes away."""
    return values - values.astype(np.float32)


def _interpolated(f: Ball, middle: float, around: float, at: Float64s) -> tuple[Float64s, Float64s]:
    """f(at) and f'(at) to almost all digits of float64, from divided differences."""
    with ctx.workprec(_PRECISION):
        nodes = [float(middle + around * math.cos(math.pi * (2 * i + 1) / (2 * _THROUGH))) for i in range(_THROUGH)]
        column = [f(arb(u)) for u in nodes]
        differences = [float(column[0].mid())]
        for order in range(1, _THROUGH):
            column = [(column[i + 1] - column[i]) / (arb(nodes[i + order]) - nodes[i]) for i in range(_THROUGH - order)]
            differences.append(float(column[0].mid()))
    values, slopes = np.zeros_like(at), np.zeros_like(at)
    for node, difference in zip(reversed(nodes), reversed(differences), strict=True):
        slopes = slopes * (at - node) + values
        values = values * (at - node) + difference
    return values, slopes
