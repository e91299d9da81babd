"""Polynomials where every formula loses digits: beside a root, near 0 where terms cancel, far out, and in between.

A patch is h^m * P(h) or h^m * P(h^2), with h = t at 0, h = 1/t far out, and h = t - r at a root r, which is given as
the sum of three numbers, the first of them short, so that h keeps all its digits next to r; or h is the distance from
any short number. P interpolates the exact function at Chebyshev nodes; its degree grows until the interpolation error
is below the rounding of the result.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import mpmath
import numpy as np
from flint import arb, ctx
from mpmath import mpf

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.functions.polynomial import halves
from symact.kernel.pairs import Ends, Pair, Pairs
from symact.kernel.program import Builder
from symact.oracle.arb import ArbFunction
from symact.oracle.formats import FORMATS, Format

#: Bits in which the function is evaluated, and decimal digits of the interpolation.
_PRECISION, _DIGITS = 600, 120

#: The square of the inverse of the first is 0; powers of two.
_FAR, _LARGER = 2**900, Fraction(2**300)

#: A root is a number of few bits if it is one but for so many of the last digits.
_GUARD = 20

#: How many bits more than the result's the interpolation is exact to (in wide arithmetic, where another rounding
#: follows, many more), and the largest number of coefficients tried.
_SPARE, _SPARE_WIDE, _MOST = 4, 11, 22

#: A root's leading part has so few bits that it is exact in float32 too.
_SHORT = 20

#: Terms below this part of the first one need not be pairs: their rounding errors are small beside that of the result.
_SMALL = 2.0**-4

_Real = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Patch:
    """h^order * P(h^step), h = t - (the sum of `root`, none at 0) or 1/t; coefficients from the constant on.

    `turned` says that h is the root minus t, so that at an exact root a falling function is +0 too. `reach` is the
    largest size of h.
    """

    name: str
    root: tuple[mpf, ...]
    order: int
    step: int
    coefficients: tuple[mpf, ...]
    inverse: bool = False
    turned: bool = False
    reach: float = np.inf

    @property
    def end(self) -> float:
        """The largest t that it has been made for."""
        return np.inf if self.inverse else float(sum(self.root)) + self.reach

    @property
    def vanishes(self) -> bool:
        """Whether it is 0 for the largest numbers, whose products have no errors that can be computed."""
        return self.inverse and self.order > 1

    def write(self, b: Builder, t: int, low: int | None = None, stepwise: bool = False) -> int:
        """The step that computes the patch; `low` is what t lacks.

        `stepwise` says to divide by t rather than multiply by its rounded inverse in the end.
        """
        h = self._distance(b, t, low)
        if self.inverse:
            h = b("div", b.const(1), h)
        z = b("mul", h, h) if self.step == 2 else h
        *rest, value = (b.const(_text(c)) for c in self.coefficients)
        for coefficient in reversed(rest):
            value = b("add", b("mul", value, z), coefficient)
        divides = stepwise and self.inverse and low is None
        for _ in range(self.order):
            value = b("div", value, t) if divides else b("mul", value, h)
        return value

    def _distance(self, b: Builder, t: int, low: int | None) -> int:
        if self.turned:
            (root,) = self.root
            h = b("sub", b.const(_text(root)), t)
            return h if low is None else b("sub", h, low)
        h = t
        for part in self.root[:-1]:
            h = b("sub", h, b.const(_text(part)))
        h = h if low is None else b("add", h, low)
        for part in self.root[-1:]:
            h = b("sub", h, b.const(_text(part)))
        return h

    def write_in_pairs(self, b: Builder, t: int, low: int | None = None) -> int:
        """The same with pairs of numbers where a rounding would show: h, the first sum, the products with h."""
        pairs = Pairs(b)
        t = b("min", t, b.const(_FAR)) if self.vanishes else t
        h = self._distance_in_pairs(pairs, b, t, low)
        if self.inverse:
            h = pairs.divide(pairs.constant(Fraction(1)), h)._replace(ends=Ends(0.0, self.reach))
        z = pairs.multiply(h, h) if self.step == 2 else h
        # Sums of small parts lose the sign of a zero: what vanishes is positive until the end.
        falls = self.vanishes and self.coefficients[0] < 0
        coefficients = [-c if falls else c for c in self.coefficients]
        count = self._shown(z.farthest)
        *rest, value = (_text(c) for c in coefficients[count:])
        last = halves(b, [*rest, value], z.high)
        size = sum(_terms(coefficients[count:], z.farthest))
        total = Pair(last, None, Ends(-size, size))
        for coefficient in reversed(coefficients[:count]):
            total = pairs.add(pairs.constant(Fraction(_text(coefficient))), pairs.multiply(total, z))
        if not self.vanishes:
            for _ in range(self.order):
                total = pairs.multiply(total, h)
            return pairs.rounded(total)
        # A product that is subnormal has no exact error: the last one is computed larger than it is.
        for _ in range(self.order - 1):
            total = pairs.multiply(total, h)
        total = pairs.multiply(total, pairs.scale(h, b.const(_LARGER)))
        result = b("mul", pairs.rounded(total), b.const(1 / _LARGER))
        return b("neg", result) if falls else result

    def _distance_in_pairs(self, pairs: Pairs, b: Builder, t: int, low: int | None) -> Pair:
        if not self.root:
            return Pair(t, low, Ends(0.0, self.reach))
        first, *others = self.root
        ends = Ends(-self.reach, self.reach)
        if self.turned:
            low = None if low is None else b("neg", low)
            return Pair(b("sub", b.const(_text(first)), t), low, ends)
        # Beside the root the first difference has no error (P. H. Sterbenz, "Floating-point computation", 1974).
        h = Pair(b("sub", t, b.const(_text(first))), low, ends)
        if others:
            middle, rest = (b.const(_text(-part)) for part in others)
            h = pairs.tight(pairs.add(h, Pair(middle, rest)))
        return h._replace(ends=ends)

    def _shown(self, reach: float) -> int:
        """How many of the first coefficients' terms are so large that the rounding of their sums and products shows."""
        sizes = _terms(self.coefficients, reach)
        return 1 if max(sizes[1:]) <= _SMALL * sizes[0] else 2


def _terms(coefficients: Sequence[mpf], reach: float) -> list[float]:
    """The sizes of a polynomial's terms, constant first; powers of a large number and coefficients may be no floats."""
    return [float(abs(c) * mpf(reach) ** power) for power, c in enumerate(coefficients)]


def at_zero(function: ArbFunction, reach: float, arithmetic: Arithmetic) -> tuple[Patch, ...]:
    """Patches for 0 <= t <= R, for several R up to `reach`."""
    return _at_zero(function, reach, _bits(arithmetic))


# Arithmetics of the same format ask for the same.
@lru_cache(maxsize=64)
def _at_zero(function: ArbFunction, reach: float, bits: int) -> tuple[Patch, ...]:
    return tuple(_around_zero(function, reach, bits))


def _around_zero(function: ArbFunction, reach: float, bits: int) -> Iterator[Patch]:
    with mpmath.workdps(_DIGITS):
        f = _real(function)
        order = _order(f)
        if order is None:
            return
        for radius in (0.25, 0.5, 1.0, 2.0):
            if radius <= reach:
                for step in (2, 1):
                    found = _fit(lambda h: f(h) / h**order, step, mpf(0), mpf(radius), bits)
                    if found is not None:
                        yield Patch(f"series at 0 to {radius}", (), order, step, found, reach=radius)
                        break


def at_infinity(function: ArbFunction, arithmetic: Arithmetic) -> Iterator[Patch]:
    """Patches for t >= R, for several R: there an algebraic tail is a series in 1/t whose first terms may cancel."""
    with mpmath.workdps(_DIGITS):
        f = _real(function)

        def inverted(h: mpf) -> mpf:
            return f(1 / h)

        order = _order(inverted)
        if order is None:
            return
        for start in (64, 16, 4, 2):
            for step in (2, 1):
                found = _fit(lambda h: inverted(h) / h**order, step, mpf(0), mpf(1) / start, _bits(arithmetic))
                if found is not None:
                    yield Patch(f"series in 1/t from {start} on", (), order, step, found, inverse=True, reach=1 / start)
                    break
            else:  # nor is it one from nearer on
                return


def at_root(function: ArbFunction, low: float, high: float, arithmetic: Arithmetic) -> tuple[Patch, ...]:
    """Patches around the simple root between two doubles at which the function has different signs."""
    found = _at_root(function, low, high, arithmetic.format, _bits(arithmetic))
    if arithmetic.is_wide:  # two parts of the root are enough for inputs of 24 bits
        return tuple(replace(patch, root=patch.root[:2]) for patch in found)
    return found


@lru_cache(maxsize=64)
def _at_root(function: ArbFunction, low: float, high: float, format: Format, bits: int) -> tuple[Patch, ...]:
    return tuple(_around_root(function, low, high, format, bits))


def _around_root(function: ArbFunction, low: float, high: float, format: Format, bits: int) -> Iterator[Patch]:
    with mpmath.workdps(_DIGITS):
        f = _real(function)
        root = mpmath.findroot(f, (mpf(low), mpf(high)), solver="illinois", maxsteps=500, verify=False)
        short = _short(root + root * mpf(2) ** -(_SHORT + 1))
        exact = abs(root - short) < root * mpf(10) ** (_GUARD - _DIGITS)
        parts = (short,) if exact else _parts(root, format)
        root = short if exact else root
        for width in (root / 1024, root / 256, root / 64, root / 16, root / 4):
            found = _fit(lambda h: f(root + h) / h, 1, -width, width, bits)
            if found is not None:
                turned = exact and found[0] < 0
                signed = tuple(c * (-1) ** (power + 1) for power, c in enumerate(found)) if turned else found
                name, reach = f"polynomial at the root {float(root):.6g}", float(width)
                yield Patch(name, parts, 1, 1, signed, turned=turned, reach=reach)


def around(function: ArbFunction, place: float, arithmetic: Arithmetic) -> Patch | None:
    """The patch of the most reach around a place where the function is not 0.

    None where it is no polynomial there, or has coefficients that are no floats.
    """
    with mpmath.workdps(_DIGITS):
        f = _real(function)
        centre = _short(mpf(place))
        for width in (centre / 2, centre / 4, centre / 8):
            found = _fit(lambda h: f(centre + h), 1, -width, width, _bits(arithmetic))
            if found is not None and max(map(abs, found)) <= sys.float_info.max:
                name, reach = f"polynomial around {float(centre):.6g}", float(width)
                return Patch(name, (centre,), 0, 1, found, reach=reach)
    return None


def _parts(root: mpf, format: Format) -> tuple[mpf, mpf, mpf]:
    """A number that is exact in every format, one that is exact in this one, and what is left."""
    short = _short(root)
    with mpmath.workprec(format.precision):
        middle = +(root - short)
    return short, middle, root - short - middle


def _short(value: mpf) -> mpf:
    """The next number below that has few bits."""
    exponent = int(mpmath.floor(mpmath.log(value, 2)))
    return mpmath.ldexp(mpmath.floor(mpmath.ldexp(value, _SHORT - exponent)), exponent - _SHORT)


def sign_changes(
    t: Sequence[float], values: Sequence[float], most: int = 3, *, exact: bool = False
) -> list[tuple[float, float]]:
    """Neighbouring inputs between which a function's sampled values change sign, at most so many.

    With `exact` also the neighbours of an input that is a root itself.
    """
    signed = [i for i in range(len(t)) if values[i] != 0 or not exact]
    changes = [(i, k) for i, k in pairwise(signed) if k - i <= 2 and values[i] * values[k] < 0]
    return [(t[i], t[k]) for i, k in changes if 0 < t[i] < t[k] < np.inf][:most]


def _real(function: ArbFunction) -> _Real:
    def value(t: mpf) -> mpf:
        mantissa, exponent = t.man_exp
        with ctx.workprec(_PRECISION):
            point = arb(int(mantissa)) * arb(2) ** int(exponent)
        (ball,) = function.at([point], _PRECISION)
        middle, power = ball.mid().man_exp()
        return mpmath.ldexp(mpf(int(middle)), int(power))

    return value


def _order(f: _Real) -> int | None:
    """The order of the zero at 0 (0 where f(0) is not 0); None where it is no whole number."""
    small = mpf(2) ** -40
    low, high = f(small), f(2 * small)
    if low == 0 or high == 0 or high / low <= 0:
        return None
    order = mpmath.log(high / low, 2)
    nearest = int(mpmath.nint(order))
    return nearest if abs(order - nearest) < 1e-6 and 0 <= nearest <= 6 else None


def _bits(arithmetic: Arithmetic) -> int:
    return FORMATS[arithmetic.result].precision + (_SPARE_WIDE if arithmetic.is_wide else _SPARE)


def _fit(g: _Real, step: int, low: mpf, high: mpf, bits: int) -> tuple[mpf, ...] | None:
    """Coefficients in h^step of the interpolation of g on (low, high), of the least degree exact to so many bits."""
    start, end = (low**2, high**2) if step == 2 else (low, high)
    for count in range(4, _MOST + 1, 2):
        nodes = _chebyshev(start, end, count)
        values = [g(mpmath.sqrt(z) if step == 2 else z) for z in nodes]
        coefficients = _monomials(nodes, values)
        between = _chebyshev(start, end, 2 * count)
        exact = [g(mpmath.sqrt(z) if step == 2 else z) for z in between]
        if any(e == 0 for e in exact):
            return None
        worst = max(abs(mpmath.polyval(coefficients[::-1], z) / e - 1) for z, e in zip(between, exact, strict=True))
        if worst <= mpf(2) ** -bits:
            return tuple(coefficients)
        if count >= 10 and worst > mpf(2) ** -16:
            return None
    return None


def _chebyshev(low: mpf, high: mpf, count: int) -> list[mpf]:
    middle, half = (low + high) / 2, (high - low) / 2
    return [middle + half * mpmath.cospi(mpf(2 * i + 1) / (2 * count)) for i in range(count)]


def _monomials(nodes: Sequence[mpf], values: Sequence[mpf]) -> list[mpf]:
    """Coefficients, the constant first, of the polynomial through the points (Newton's divided differences)."""
    differences = list(values)
    for level in range(1, len(nodes)):
        for i in range(len(nodes) - 1, level - 1, -1):
            differences[i] = (differences[i] - differences[i - 1]) / (nodes[i] - nodes[i - level])
    polynomial = [mpf(0)]
    for node, difference in zip(reversed(nodes), reversed(differences), strict=True):
        shifted = [mpf(0), *polynomial]
        polynomial = [s - node * p for s, p in zip(shifted, [*polynomial, mpf(0)], strict=True)]
        polynomial[0] += difference
    return polynomial[: len(nodes)]


def _text(value: mpf) -> str:
    return str(mpmath.nstr(value, 25, min_fixed=-6, max_fixed=26))
