"""Arithmetic with unevaluated sums of two numbers, for what a single one loses.

A pair is a number and a much smaller one that belongs to it (None: nothing does). The algorithms are Knuth's and
Dekker's (T. J. Dekker, "A floating-point technique for extending the available precision", 1971). The functions carry
the low part of their argument, and give some bits more than a number has.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from symact.kernel.functions.arctangent import ends as arctangent_ends
from symact.kernel.functions.error import ratio
from symact.kernel.functions.exponential import ENDS, Reduced, ln2, powers, reduced
from symact.kernel.functions.polynomial import Precision, horner
from symact.kernel.program import Builder

_PRECISION = Precision("float64")

#: How many coefficients of a polynomial are pairs themselves.
_EXACT = 5

#: exp(-a) is less than half of the smallest number by far beyond the first, the last for which two powers of 2 do; it
#: does not show beside 1 beyond the second.
VANISHES, _NEXT_TO_1 = 1416, 60


class Pair(NamedTuple):
    """high + low."""

    high: int
    low: int | None = None


class Pairs:
    """Writes arithmetic with pairs into a `Builder`."""

    def __init__(self, builder: Builder) -> None:
        self._b = builder

    def constant(self, value: Fraction) -> Pair:
        """An exact number."""
        high = Fraction(float(value))
        low = value - high
        return Pair(self._b.const(high), self._b.const(Fraction(float(low))) if low else None)

    def rounded(self, a: Pair) -> int:
        """The nearest number."""
        return a.high if a.low is None else self._b("add", a.high, a.low)

    def add(self, a: Pair, c: Pair) -> Pair:
        """a + c."""
        total = self._exact_sum(a.high, c.high)
        return self._normal(total.high, self._plus(total.low, self._plus(a.low, c.low)))

    def negative(self, a: Pair) -> Pair:
        """-a."""
        return Pair(self._b("neg", a.high), None if a.low is None else self._b("neg", a.low))

    def subtract(self, a: Pair, c: Pair) -> Pair:
        """a - c."""
        return self.add(a, self.negative(c))

    def multiply(self, a: Pair, c: Pair) -> Pair:
        """a*c."""
        b = self._b
        value = b("mul", a.high, c.high)
        low = b("product_error", a.high, c.high, value)
        for left, right in ((a.high, c.low), (c.high, a.low)):
            low = low if right is None else b("add", low, b("mul", left, right))
        return self._normal(value, low)

    def divide(self, a: Pair, c: Pair) -> Pair:
        """a/c, with one division: by the reciprocal, and what that leaves by it too."""
        b = self._b
        reciprocal = b("div", b.const(1), c.high)
        value = b("mul", a.high, reciprocal)
        product = b("mul", value, c.high)
        rest = b("sub", b("sub", a.high, product), b("product_error", value, c.high, product))
        rest = rest if a.low is None else b("add", rest, a.low)
        rest = rest if c.low is None else b("sub", rest, b("mul", value, c.low))
        return self._normal(value, b("mul", rest, reciprocal))

    def scale(self, a: Pair, power: int) -> Pair:
        """a times a power of two, which is exact."""
        return Pair(self._b("mul", a.high, power), None if a.low is None else self._b("mul", a.low, power))

    def sqrt(self, a: Pair) -> Pair:
        """The square root."""
        b = self._b
        root = b("sqrt", a.high)
        square = b("mul", root, root)
        rest = b("sub", b("sub", a.high, square), b("product_error", root, root, square))
        rest = rest if a.low is None else b("add", rest, a.low)
        return self._normal(root, b("div", rest, b("add", root, root)))

    def below(self, a: Pair, end: int) -> Pair:
        """a, or what ends its range."""
        b = self._b
        low = None if a.low is None else b("select", b("lt", a.high, b.const(end)), a.low, b.const(0))
        return Pair(b("min", a.high, b.const(end)), low)

    # Functions --------------------------------------------------------------------------------------------------------

    def decay(self, a: Pair) -> tuple[Pair, tuple[int, int]]:
        """exp(-a) for a >= 0 as a pair between 1/2 and 2, and two powers of two to multiply it by."""
        return self._in_parts(self._reduced(a, VANISHES))

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
        fraction = self._polynomial(_PRECISION.table("exp_long")["coefficients"], r, _EXACT - 1)
        fraction = self.add(self.constant(Fraction(1)), self.add(r, self.multiply(self.multiply(r, r), fraction)))
        first, second = powers(b, parts.n, _PRECISION)
        return self.scale(self.scale(fraction, first), second)

    def expm1_of_negative(self, a: Pair) -> Pair:
        """exp(-a) - 1 for a >= 0."""
        b = self._b
        parts = self._reduced(a, _NEXT_TO_1)
        assert parts.r is not None
        power = b("pow2", parts.shifted)
        whole = self._exact_sum(power, b.const(-1))
        main = self._exact_sum(whole.high, b("mul", power, parts.r))
        return self._normal(main.high, self._plus(main.low, self._plus(whole.low, b("mul", power, parts.beyond))))

    def log(self, a: Pair) -> Pair:
        """The natural logarithm of a positive normal number."""
        b = self._b
        n, one = b("exponent", a.high), b.const(1)
        return self._logarithm(n, b("sub", b("mantissa", a.high), one), a.low)

    def log1p(self, a: Pair) -> Pair:
        """log(1 + a) for a > -1."""
        b = self._b
        one, zero = b.const(1), b.const(0)
        u = self._exact_sum(one, a.high)
        n = b("exponent", u.high)
        near = b("eq", n, zero)
        f = b("select", near, a.high, b("sub", b("mantissa", u.high), one))
        low = zero if a.low is None else a.low
        assert u.low is not None
        lost = b("select", near, low, b("add", u.low, low))
        return self._logarithm(n, f, lost)

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
        series = horner(b, _PRECISION.table("atan")["coefficients"][1:], z)
        rest = b("mul", b("mul", series, z), u.high)
        zero = Pair(b.const(0))
        start = self._choose(far, self._parts(half), self._choose(middle, self._parts(quarter), zero))
        total = self.add(start, u)
        return self._normal(total.high, self._plus(total.low, rest))

    def erf(self, a: Pair) -> Pair:
        """The error function, good to about a unit in the last place: the low part of a is not lost."""
        b = self._b
        value = b("erf", a.high)
        if a.low is None:
            return Pair(value)
        slope = b("mul", b.const("1.1283791670955125738961589031"), b("bell", a.high))
        return self._normal(value, b("mul", a.low, slope))

    def erfcx(self, a: Pair) -> Pair:
        """exp(a^2)*erfc(a) for a >= 0; see `symact.kernel.functions.error`."""
        b = self._b
        half = b.const("1/2")
        cut = b("min", a.high, b.const(10**18))
        q, q_error = ratio(b, cut, _PRECISION)
        p = self._polynomial(_PRECISION.table("tail")["coefficients"], Pair(q, q_error), _EXACT)
        value = self.divide(p, self.add(Pair(a.high), Pair(half)))
        if a.low is None:
            return value
        # The slope is 2a*erfcx(a) - 2/sqrt(pi), and far out nothing that shows.
        slope = b("sub", b("mul", b("add", cut, cut), value.high), b.const("1.1283791670955125738961589031"))
        moved = b("select", b("lt", cut, b.const(1000)), b("mul", a.low, slope), b.const(0))
        return self._normal(value.high, self._plus(value.low, moved))

    def _polynomial(self, coefficients: Sequence[str], z: Pair, exact: int) -> Pair:
        """A polynomial by Horner's rule, constant first, of which the first few coefficients are pairs."""
        b = self._b
        *first, last = coefficients[:exact]
        rest = horner(b, coefficients[exact:], z.high)
        total = self._exact_sum(b.const(last), b("mul", rest, z.high))
        for coefficient in reversed(first):
            total = self.add(self.constant(Fraction(coefficient)), self.multiply(total, z))
        return total

    # Parts ------------------------------------------------------------------------------------------------------------

    def _reduced(self, a: Pair, end: int) -> Reduced:
        """The parts of exp(-a); what is beyond the end is cut.

        So is what is no number, or minus infinity: a product or sum that overflowed is one or the other, as its error
        was computed.
        """
        b = self._b
        inside, limit = b("lt", b("abs", a.high), b.const(end)), b.const(end)
        low = None if a.low is None else b("select", inside, b("neg", a.low), b.const(0))
        return reduced(b, b("neg", b("select", inside, a.high, limit)), _PRECISION, low)

    def _in_parts(self, parts: Reduced) -> tuple[Pair, tuple[int, int]]:
        """exp(r) as a pair, and two powers of two whose product is 2^n."""
        assert parts.r is not None
        main = self._normal(self._b.const(1), parts.r)
        fraction = self._normal(main.high, self._plus(main.low, parts.beyond))
        return fraction, powers(self._b, parts.n, _PRECISION)

    def _logarithm(self, n: int, f: int, lost: int | None) -> Pair:
        """n*ln(2) + log(1 + f) + lost/(2^n*(1 + f)); log(1 + f) is 2s + s^3*P(s^2) with s = f/(2 + f)."""
        b = self._b
        high, low = (b.const(part) for part in ln2(_PRECISION))
        s = self.divide(Pair(f), self._exact_sum(b.const(2), f))
        z = b("mul", s.high, s.high)
        cube = b("mul", b("mul", horner(b, _PRECISION.table("log")["coefficients"], z), z), s.high)
        twice = self.scale(s, b.const(2))
        total = self._exact_sum(b("mul", n, high), twice.high)
        rest = self._plus(cube, b("mul", n, low))
        if lost is not None:
            # 1/(1 + f) = (1 - s)/(1 + s) = 1 - 2s + 2s^2 - ..., to a thousandth, which is enough for so small a number.
            series = horner(b, ["1", "-2", "2", "-2", "2"], s.high)
            scale = b("pow2", b("sub", b.const(_PRECISION.rounder), n))
            rest = self._plus(rest, b("mul", b("mul", lost, scale), series))
        return self._normal(total.high, self._plus(total.low, self._plus(twice.low, rest)))

    def _choose(self, condition: int, yes: Pair, no: Pair) -> Pair:
        b = self._b
        lows = [b.const(0) if pair.low is None else pair.low for pair in (yes, no)]
        low = None if yes.low is no.low is None else b("select", condition, *lows)
        return Pair(b("select", condition, yes.high, no.high), low)

    def _parts(self, texts: tuple[str, str]) -> Pair:
        return Pair(*(self._b.const(text) for text in texts))

    def _plus(self, a: int | None, c: int | None) -> int | None:
        """The sum of small parts, rounded."""
        if a is None or c is None:
            return c if a is None else a
        return self._b("add", a, c)

    def _exact_sum(self, a: int, c: int) -> Pair:
        """a + c without an error, whichever is larger (Knuth's two-sum)."""
        b = self._b
        total = b("add", a, c)
        part = b("sub", total, a)
        return Pair(total, b("add", b("sub", a, b("sub", total, part)), b("sub", c, part)))

    def _normal(self, high: int, low: int | None) -> Pair:
        """The same sum with the high part rounded from all of it; |high| >= |low|, or high is 0 (Fast2Sum)."""
        if low is None:
            return Pair(high)
        b = self._b
        total = b("add", high, low)
        return Pair(total, b("sub", low, b("sub", total, high)))
