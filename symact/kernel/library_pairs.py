"""Arithmetic with pairs around a language's own functions, whose results are single numbers.

So exponentials and logarithms are as good as the library makes them, at the price of one call; sums and products may
keep what their rounding loses. An argument's low part counts to first order.
"""

from __future__ import annotations

from symact.kernel.pairs import Ends, Pair, Pairs


class LibraryPairs(Pairs):
    """`Pairs` that calls the language's functions; nothing here is kept from the ends of the exponents' range."""

    scales_sums = False

    def decay(self, a: Pair) -> tuple[Pair, tuple[int, ...]]:
        """exp(-a), and nothing to multiply it by."""
        return self.decayed(a), ()

    def decayed(self, a: Pair) -> Pair:
        """exp(-a)."""
        value = self._b("decay", a.high)
        low = None if a.low is None else self._b("neg", self._b("mul", value, a.low))
        return Pair(value, low, Ends(0.0))

    def exp(self, a: Pair) -> Pair:
        """exp(a)."""
        value = self._b("exp", a.high)
        return Pair(value, None if a.low is None else self._b("mul", value, a.low), Ends(0.0))

    def expm1_of_negative(self, a: Pair) -> Pair:
        """exp(-a) - 1."""
        b = self._b
        value = b("expm1", b("neg", a.high))
        low = None if a.low is None else b("neg", b("mul", a.low, b("add", b.const(1), value)))
        return Pair(value, low, Ends(-1.0, 0.0))

    def log(self, a: Pair, *, long: bool = False) -> Pair:
        """log(a)."""
        return Pair(self._b("log", a.high), None if a.low is None else self._b("div", a.low, a.high))

    def log1p(self, a: Pair, *, long: bool = False) -> Pair:
        """log(1 + a)."""
        b = self._b
        low = None if a.low is None else b("div", a.low, b("add", b.const(1), a.high))
        return Pair(b("log1p", a.high), low, Ends(0.0) if a.ends.least >= 0 else Ends())

    def atan(self, a: Pair) -> Pair:
        """The inverse tangent."""
        b = self._b
        slope = b("add", b.const(1), b("mul", a.high, a.high))
        return Pair(b("atan", a.high), None if a.low is None else b("div", a.low, slope))

    def erfcx(self, a: Pair) -> Pair:
        """exp(a^2)*erfc(a): a low part changes it by less than half a unit in its last place."""
        return Pair(self._b("erfcx", a.high), None, Ends(0.0))

    def erfcx_half(self, a: Pair) -> Pair:
        """exp(a^2/2)*erfc(a/sqrt(2)) likewise."""
        return self.erfcx(Pair(self._b("mul", self._b.const("0.70710678118654752440084436"), a.high)))
