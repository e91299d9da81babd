"""Arithmetic with unevaluated sums of two numbers, for what a single one loses.

A pair is a number and a much smaller one that belongs to it (None: nothing does). The algorithms are Knuth's and
Dekker's (T. J. Dekker, "A floating-point technique for extending the available precision", 1971). The functions carry
the low part of their argument, and are good to a quarter of a unit in the last place of one number or better, where
they say nothing else.

Steps are saved by what is known of a pair: between which numbers it lies says which of two is the larger one and
whether digits cancel, and a low part may be some units in the last place of the high one, unless the pair is loose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from symact.kernel.functions.arctangent import ends as arctangent_ends
from symact.kernel.functions.error import ratio
from symact.kernel.functions.exponential import ENDS, LESS, MORE, Reduced, ln2, powers, reduced
from symact.kernel.functions.logarithm import sum_parts, unit_parts
from symact.kernel.functions.polynomial import Precision, halves, horner
from symact.kernel.program import Builder

_PRECISION = Precision("paired")

#: How many coefficients of a polynomial are pairs themselves: those of the exponential of an exponent, and of erfcx.
_EXACT, _EXACT_TAIL = 5, 2

#: exp(-a) is less than half of the smallest number by far beyond this, the last for which that power does.
VANISHES = 1060

#: Between which numbers exp(a)/2^512 is good for sums with 2^-512 that are divided by: below it is nothing beside that
#: and no subnormal number yet, beyond exp(-a) is nothing and products with it still have an error.
_SUMMANDS = (-350, 1000)


class Ends(NamedTuple):
    """Between which numbers something lies."""

    least: float = -math.inf
    greatest: float = math.inf

    def __mul__(self, other: object) -> Ends:
        """Those of a product; 0 times infinity is the 0 that a number times an ever larger one has come from."""
        if not isinstance(other, Ends):
            return NotImplemented
        every = [0.0 if 0 in (left, right) else left * right for left in self for right in other]
        return Ends(min(every), max(every))


_ANYTHING, _POSITIVE, _UNIT, _SIGNED_UNIT = Ends(), Ends(0.0), Ends(0.0, 1.0), Ends(-1.0, 1.0)


class Pair(NamedTuple):
    """high + low, which lies between two ends.

    A pair is loose if the low part may be more than some units in the last place of the high one, though not larger
    than it.
    """

    high: int
    low: int | None = None
    ends: Ends = _ANYTHING
    loose: bool = False

    @property
    def nearest(self) -> float:
        """The smallest size that it can have."""
        return max(self.ends.least, -self.ends.greatest, 0.0)

    @property
    def farthest(self) -> float:
        """The largest size that it can have."""
        return max(map(abs, self.ends))

    @property
    def is_power_of_two(self) -> bool:
        """Whether it is a known power of two, by which products are exact."""
        size = self.nearest
        return self.low is None and 0 < size == self.farthest < math.inf and math.frexp(size)[0] == 0.5


class Pairs:
    """Writes arithmetic with pairs into a `Builder`."""

    #: Whether sums with exponentials are to be divided by as what `sum_with_exp` gives.
    scales_sums = True

    def __init__(self, builder: Builder) -> None:
        self._b = builder

    def constant(self, value: Fraction) -> Pair:
        """An exact number."""
        high = Fraction(float(value))
        low = value - high
        ends = Ends(float(value), float(value))
        return Pair(self._b.const(high), self._b.const(Fraction(float(low))) if low else None, ends)

    def rounded(self, a: Pair) -> int:
        """The nearest number."""
        return a.high if a.low is None else self._b("add", a.high, a.low)

    def tight(self, a: Pair) -> Pair:
        """The same, and not loose."""
        return self._normal(a.high, a.low, a.ends) if a.loose else a

    def add(self, a: Pair, c: Pair) -> Pair:
        """a + c; loose where digits may cancel."""
        a, c = self.tight(a), self.tight(c)
        total = self._sum(a, c)
        low = self._plus(total.low, self._plus(a.low, c.low))
        apart = a.nearest >= 2 * c.farthest or c.nearest >= 2 * a.farthest
        ends = Ends(a.ends.least + c.ends.least, a.ends.greatest + c.ends.greatest)
        same = min(a.ends.least, c.ends.least) >= 0 or max(a.ends.greatest, c.ends.greatest) <= 0
        return Pair(total.high, low, ends, not (apart or same))

    def negative(self, a: Pair) -> Pair:
        """-a."""
        low = None if a.low is None else self._b("neg", a.low)
        return Pair(self._b("neg", a.high), low, Ends(-a.ends.greatest, -a.ends.least), a.loose)

    def subtract(self, a: Pair, c: Pair) -> Pair:
        """a - c."""
        return self.add(a, self.negative(c))

    def multiply(self, a: Pair, c: Pair) -> Pair:
        """a*c."""
        for factor, other in ((a, c), (c, a)):
            if factor.is_power_of_two:
                return self.scale(other, factor.high)._replace(ends=a.ends * c.ends)
        b = self._b
        a, c = self.tight(a), self.tight(c)
        value = b("mul", a.high, c.high)
        low = b("product_error", a.high, c.high, value)
        for left, right in ((a.high, c.low), (c.high, a.low)):
            low = low if right is None else b("add", low, b("mul", left, right))
        return Pair(value, low, a.ends * c.ends)

    def divide(self, a: Pair, c: Pair) -> Pair:
        """a/c, with one division: by the reciprocal, and what that leaves by it too."""
        b = self._b
        a, c = self.tight(a), self.tight(c)
        reciprocal = b("div", b.const(1), c.high)
        value = b("mul", a.high, reciprocal)
        # The quotient is so near that this is exact, as it is for a rounded product.
        excess = b("product_error", value, c.high, a.high)
        excess = excess if c.low is None else b("add", excess, b("mul", value, c.low))
        # Not -excess, which is -0 where all underflows: in -(value + rest*reciprocal), fused, GCC would lose that sign.
        rest = b("sub", b.const(0) if a.low is None else a.low, excess)
        if c.nearest > 0:
            ends = a.ends * Ends(1 / c.ends.greatest, 1 / c.ends.least)
        else:
            ends = _POSITIVE if min(a.ends.least, c.ends.least) >= 0 else _ANYTHING
        return Pair(value, b("mul", rest, reciprocal), ends)

    def scale(self, a: Pair, power: int) -> Pair:
        """a times a power of two, which is exact; the result's ends are not known."""
        low = None if a.low is None else self._b("mul", a.low, power)
        return Pair(self._b("mul", a.high, power), low, loose=a.loose)

    def sqrt(self, a: Pair) -> Pair:
        """The square root."""
        b = self._b
        a = self.tight(a)
        root = b("sqrt", a.high)
        excess = b("product_error", root, root, a.high)
        excess = excess if a.low is None else b("sub", excess, a.low)
        ends = Ends(*(math.sqrt(max(end, 0.0)) for end in a.ends))
        return Pair(root, b("div", b("neg", excess), b("add", root, root)), ends)

    def below(self, a: Pair, end: int | Fraction) -> Pair:
        """a, or what ends its range."""
        if a.ends.greatest <= end:
            return a
        b = self._b
        low = None if a.low is None else b("select", b("lt", a.high, b.const(end)), a.low, b.const(0))
        ends = Ends(*(min(each, float(end)) for each in a.ends))
        return Pair(b("min", a.high, b.const(end)), low, ends, a.loose)

    # Functions --------------------------------------------------------------------------------------------------------

    def decay(self, a: Pair) -> tuple[Pair, tuple[int, ...]]:
        """exp(-a) for a >= 0 as a pair between 1/2 and 2, and two powers of two to multiply it by."""
        parts = self._reduced(a)
        return self._fraction(parts), (self._b("pow2", parts.shifted), self._b.const(LESS))

    def decayed(self, a: Pair) -> Pair:
        """exp(-a) for a >= 0, as a part of something larger: what is subnormal may lose its digits."""
        parts = self._reduced(a)
        return self.scale(self._fraction(parts), self._power(parts))._replace(ends=_UNIT)

    def sum_with_exp(self, number: Fraction, a: Pair) -> Pair:
        """(c + exp(a))/2^512 for c > 0, to divide by."""
        b = self._b
        least, most = _SUMMANDS
        high = b("min", a.high, b.const(most))
        if a.ends.least < least:
            high = b("max", high, b.const(least))
        low = None
        if a.low is not None:
            low = b("select", b("lt", b("abs", a.high), b.const(most)), a.low, b.const(0))
        parts = reduced(b, high, _PRECISION, low, more=-MORE)
        assert parts.r is not None
        power = b("pow2", parts.shifted)
        rest = self._larger_first(parts.r, parts.beyond)
        # In this order neither sum, rounded, loses much: of c + 2^n that would be all of c where it is half a digit.
        inner = self._exact_sum(b.const(number * LESS), b("mul", power, rest.high))
        whole = self._exact_sum(power, inner.high)
        low = self._plus(self._plus(whole.low, inner.low), None if rest.low is None else b("mul", power, rest.low))
        return Pair(whole.high, low, _POSITIVE)

    def exp(self, a: Pair) -> Pair:
        """exp(a) with more than ten bits to spare, for it may be the argument of another exponential."""
        b = self._b
        low, high = (b.const(end) for end in ENDS["float64"])
        inside = b("and", b("lt", low, a.high), b("lt", a.high, high))
        cut = b("max", b("min", a.high, high), low)
        beyond = b.const(0) if a.low is None else b("select", inside, a.low, b.const(0))
        parts = reduced(b, cut, _PRECISION)
        assert parts.r is not None
        r = self._normal(parts.r, b("add", parts.lost, beyond))
        rest = self._polynomial(_PRECISION.table("exp_long")["coefficients"], r, _EXACT - 1)
        square = self.multiply(self.multiply(r, r), rest)
        fraction = self.add(self.constant(Fraction(1)), self.add(r, square))
        half, other = powers(b, parts.n, _PRECISION)
        return self.scale(self.scale(fraction, half), other)._replace(ends=_POSITIVE)

    def expm1_of_negative(self, a: Pair) -> Pair:
        """exp(-a) - 1 for a >= 0, good to half a unit in the last place."""
        b = self._b
        parts = self._reduced(a)
        assert parts.r is not None
        power = self._power(parts)
        whole = self._larger_first(b.const(-1), power)
        # The first is 0, or at least 1/2 in size.
        main = self._larger_first(whole.high, b("mul", power, parts.r))
        low = self._plus(self._plus(main.low, whole.low), b("mul", power, parts.beyond))
        return self._normal(main.high, low, Ends(-1.0, 0.0))

    def log(self, a: Pair, *, long: bool = False) -> Pair:
        """The natural logarithm of a positive normal number, good to half a unit in the last place.

        `long` says to an eighth, for what it is the argument of may multiply its error.
        """
        b = self._b
        n, one = b("exponent", a.high), b.const(1)
        scale = b("pow2", b("sub", b.const(_PRECISION.rounder), n))
        lost = None if a.low is None else b("mul", a.low, scale)
        return (self._long_logarithm if long else self._logarithm)(n, b("sub", b("mantissa", a.high), one), lost)

    def log1p(self, a: Pair, *, long: bool = False) -> Pair:
        """log(1 + a) for a > -1 likewise."""
        b = self._b
        a = self.tight(a)
        parts = unit_parts(b, a.high) if a.ends.least >= 0 and a.ends.greatest <= 1 else sum_parts(b, a.high)
        # a*2^-n + (2^-n - 1), 1 + a being about 2^n, and what its rounding lost.
        scaled, rest = b("mul", a.high, parts.scale), b("sub", parts.scale, b.const(1))
        f, lost = self._sum_and_error(scaled, rest)
        lost = lost if a.low is None else b("add", lost, b("mul", a.low, parts.scale))
        found = (self._long_logarithm if long else self._logarithm)(parts.n, f, lost)
        return found._replace(ends=Ends(*(math.log1p(end) if end > -1 else -math.inf for end in a.ends)))

    def atan(self, a: Pair) -> Pair:
        """The inverse tangent of a number >= 0."""
        b = self._b
        one = Pair(b.const(1))
        first, second, quarter, half = arctangent_ends(_PRECISION)
        middle, far = b("lt", b.const(first), a.high), b("lt", b.const(second), a.high)
        above = self._choose(far, Pair(b.const(-1)), self._choose(middle, self.subtract(a, one), a))
        below = self._choose(far, a, self._choose(middle, self.add(a, one), one))
        u = self.divide(above, below)
        z = b("mul", u.high, u.high)
        series = halves(b, _PRECISION.table("atan")["coefficients"][1:], z)
        rest = b("mul", b("mul", series, z), u.high)
        zero = Pair(b.const(0))
        start = self._choose(far, self._parts(half), self._choose(middle, self._parts(quarter), zero))
        total = self.tight(self.add(start, u))
        return self._normal(total.high, self._plus(total.low, rest), Ends(0.0, math.pi / 2))

    def erf(self, a: Pair) -> Pair:
        """The error function, good to about a unit in the last place: the low part of a is not lost."""
        b = self._b
        value = b("erf", a.high)
        if a.low is None:
            return Pair(value, None, _SIGNED_UNIT)
        slope = b("mul", b.const("1.1283791670955125738961589031"), b("bell", a.high))
        return self._normal(value, b("mul", a.low, slope), _SIGNED_UNIT)

    def erfcx(self, a: Pair) -> Pair:
        """exp(a^2)*erfc(a) for a >= 0, good to a unit in the last place; see `symact.kernel.functions.error`."""
        return self._tail(a, "tail", "1/2", "2", "1.1283791670955125738961589031")

    def erfcx_half(self, a: Pair) -> Pair:
        """exp(a^2/2)*erfc(a/sqrt(2)) likewise."""
        return self._tail(a, "tail_half", "3/4", "1", "0.79788456080286535587989211987")

    def _tail(self, a: Pair, table: str, shift: str, rate: str, slope: str) -> Pair:
        """p/(a + shift), p a polynomial, as an erfcx whose slope is rate*a times itself - slope."""
        b = self._b
        cut = self.below(Pair(a.high, None, a.ends), 10**18).high
        q, q_error = ratio(b, cut, _PRECISION, table)
        p = self._polynomial(_PRECISION.table(table)["coefficients"], Pair(q, q_error, _SIGNED_UNIT), _EXACT_TAIL)
        end = Fraction(shift)
        below = self._sum(Pair(a.high, None, _POSITIVE), Pair(b.const(end), None, Ends(float(end), float(end))))
        value = self.divide(p, below)._replace(ends=_UNIT)
        if a.low is None:
            return value
        # Far out the slope is nothing that shows.
        there = b("sub", b("mul", b("mul", b.const(rate), cut), value.high), b.const(slope))
        moved = b("select", b("lt", cut, b.const(1000)), b("mul", a.low, there), b.const(0))
        return self._normal(value.high, self._plus(value.low, moved), _UNIT)

    def _polynomial(self, coefficients: Sequence[str], z: Pair, exact: int) -> Pair:
        """A polynomial by Horner's rule, constant first, of which the first few coefficients are pairs."""
        b = self._b
        rest = coefficients[exact:]
        size = sum(abs(float(c)) * z.farthest**power for power, c in enumerate(rest))
        total = Pair(halves(b, rest, z.high), None, Ends(-size, size))
        for coefficient in reversed(coefficients[:exact]):
            total = self.add(self.constant(Fraction(coefficient)), self.multiply(total, z))
        return total

    # Parts ------------------------------------------------------------------------------------------------------------

    def _reduced(self, a: Pair) -> Reduced:
        """The parts of exp(-a), its power of two made larger; what is beyond the end is cut.

        A product that overflowed is infinite, but its error is no number. A sum may be no number itself, or minus
        infinity, and is cut all the same.
        """
        b = self._b
        limit = b.const(VANISHES)
        if a.ends.least >= 0 and a.ends.greatest <= VANISHES:
            a = self.tight(a)
            return reduced(b, b("neg", a.high), _PRECISION, None if a.low is None else b("neg", a.low), more=MORE)
        if a.low is None:
            return reduced(b, b("neg", b("min", a.high, limit)), _PRECISION, more=MORE)
        a = self.tight(a)
        assert a.low is not None
        inside = b("lt", a.high if a.ends.least >= 0 else b("abs", a.high), limit)
        low = b("select", inside, b("neg", a.low), b.const(0))
        return reduced(b, b("neg", b("select", inside, a.high, limit)), _PRECISION, low, more=MORE)

    def _power(self, parts: Reduced) -> int:
        """The power of two of `parts`, as large as it is."""
        return self._b("mul", self._b("pow2", parts.shifted), self._b.const(LESS))

    def _fraction(self, parts: Reduced) -> Pair:
        """exp(r)."""
        assert parts.r is not None
        rest = self._larger_first(parts.r, parts.beyond)
        main = self._larger_first(self._b.const(1), rest.high)
        return Pair(main.high, self._plus(main.low, rest.low), Ends(0.7, 1.42))

    def _logarithm(self, n: int, f: int, lost: int | None) -> Pair:
        """n*ln(2) + log(1 + f + lost); log(1 + f) is f - s*(f - s^2*P(s^2)) with s = f/(2 + f).

        What is subtracted is less than a quarter of the whole, and so are its rounding errors of theirs.
        """
        b = self._b
        high, low = (b.const(part) for part in ln2(_PRECISION))
        s = b("div", f, b("add", b.const(2), f))
        z = b("mul", s, s)
        series = halves(b, _PRECISION.table("log")["coefficients"], z)
        bent = b("mul", s, b("sub", f, b("mul", z, series)))
        # The first is 0, or larger than the other one ever is.
        total = self._larger_first(b("mul", n, high), f)
        rest = b("sub", b("mul", n, low), bent)
        if lost is not None:
            # 1/(1 + f) = (1 - s)/(1 + s) = 1 - 2s + 2s^2 - ..., to a hundredth, which will do for so small a number.
            rest = b("add", rest, b("mul", lost, horner(b, ["1", "-2", "2"], s)))
        return self._normal(total.high, self._plus(total.low, rest))

    def _long_logarithm(self, n: int, f: int, lost: int | None) -> Pair:
        """The same, good to an eighth of a unit: log(1 + f) is 2s + s^3*P(s^2), s a pair."""
        b = self._b
        high, low = (b.const(part) for part in ln2(_PRECISION))
        s = self.divide(Pair(f), self._larger_first(b.const(2), f))
        z = b("mul", s.high, s.high)
        cube = b("mul", b("mul", halves(b, _PRECISION.table("log")["coefficients"], z), z), s.high)
        twice = self.scale(s, b.const(2))
        # The first is 0, or larger than the other one ever is.
        total = self._larger_first(b("mul", n, high), twice.high)
        rest = self._plus(cube, b("mul", n, low))
        if lost is not None:
            # 1/(1 + f) = (1 - s)/(1 + s) = 1 - 2s + 2s^2 - ..., to a hundredth, which will do for so small a number.
            series = horner(b, ["1", "-2", "2"], s.high)
            rest = self._plus(rest, b("mul", lost, series))
        return self._normal(total.high, self._plus(total.low, self._plus(twice.low, rest)))

    def _choose(self, condition: int, yes: Pair, no: Pair) -> Pair:
        b = self._b
        yes, no = self.tight(yes), self.tight(no)
        lows = [b.const(0) if pair.low is None else pair.low for pair in (yes, no)]
        low = None if yes.low is no.low is None else b("select", condition, *lows)
        ends = Ends(min(yes.ends.least, no.ends.least), max(yes.ends.greatest, no.ends.greatest))
        return Pair(b("select", condition, yes.high, no.high), low, ends)

    def _parts(self, texts: tuple[str, str]) -> Pair:
        high, low = (self._b.const(text) for text in texts)
        return Pair(high, low, _POSITIVE)

    def _plus(self, a: int | None, c: int | None) -> int | None:
        """The sum of small parts, rounded."""
        if a is None or c is None:
            return c if a is None else a
        return self._b("add", a, c)

    def _sum(self, a: Pair, c: Pair) -> Pair:
        """The sum of two high parts without an error."""
        if a.nearest >= c.farthest:
            return self._larger_first(a.high, c.high)
        return self._larger_first(c.high, a.high) if c.nearest >= a.farthest else self._exact_sum(a.high, c.high)

    def _exact_sum(self, a: int, c: int) -> Pair:
        """a + c without an error, whichever is larger (Knuth's two-sum)."""
        return Pair(*self._sum_and_error(a, c))

    def _sum_and_error(self, a: int, c: int) -> tuple[int, int]:
        b = self._b
        total = b("add", a, c)
        part = b("sub", total, a)
        return total, b("add", b("sub", a, b("sub", total, part)), b("sub", c, part))

    def _larger_first(self, a: int, c: int) -> Pair:
        """a + c without an error where |a| >= |c| or a is 0 (Fast2Sum)."""
        b = self._b
        total = b("add", a, c)
        return Pair(total, b("sub", c, b("sub", total, a)))

    def _normal(self, high: int, low: int | None, ends: Ends = _ANYTHING) -> Pair:
        """The same sum with the high part rounded from all of it; |high| >= |low|, or high is 0."""
        if low is None:
            return Pair(high, None, ends)
        return self._larger_first(high, low)._replace(ends=ends)
