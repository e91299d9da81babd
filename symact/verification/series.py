"""Power series with ball coefficients, for the functions that definitions are made of.

`flint.arb_series` has most of them; the hyperbolic ones are written through exponentials that decay. A `Series` stands
where `symact.oracle.arb.ArbFunction` expects a ball, so definitions are evaluated as the oracle evaluates them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flint import arb, arb_series, ctx

from symact.errors import Error

#: Functions that `arb_series` has under the same name.
_NATIVE = ("exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "erf", "erfc")


class UnknownSeriesError(Error):
    """A function that has no power series here."""


class Series:
    """A truncated power series in h with ball coefficients."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value if isinstance(value, arb_series) else arb_series([value])

    def __add__(self, other: Any) -> Series:
        return Series(self.value + _plain(other))

    def __mul__(self, other: Any) -> Series:
        return Series(self.value * _plain(other))

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Series:
        return Series(self.value / _plain(other))

    def __rtruediv__(self, other: Any) -> Series:
        return Series(_plain(other) / self.value)

    def __neg__(self) -> Series:
        return Series(-self.value)

    def __pow__(self, other: Any) -> Series:
        return Series((Series(self.value).log() * other).value.exp())

    def __rpow__(self, other: Any) -> Series:
        return Series((self * other.log()).value.exp())

    def root(self, degree: int) -> Series:
        """The positive root of a positive series."""
        return (self.log() * (arb(1) / degree)).exp()

    def __getattr__(self, name: str) -> Callable[[], Series]:
        if name in _NATIVE:
            return lambda: Series(getattr(self.value, name)())
        if name.startswith("_"):  # what flint asks of a stranger
            raise AttributeError(name)
        raise UnknownSeriesError(f"{name} has no power series here")

    def _with_constant(self, constant: arb) -> Series:
        """The series with another constant term."""
        return Series(arb_series([constant, *(self.value[k] for k in range(1, ctx.cap))]))

    def log1p(self) -> Series:
        """log(1 + s), whose constant term 1 does not swallow."""
        return (1 + self).log()._with_constant(self.value[0].log1p())

    def expm1(self) -> Series:
        """exp(s) - 1, in the same way."""
        return self.exp()._with_constant(self.value[0].expm1())

    def _decay(self, factor: int) -> tuple[int, Series]:
        """The sign of the series where it is known, else 1, and exp(-factor*|series|) with that sign."""
        side = -1 if self.value[0] < 0 else 1
        return side, (self * (-factor * side)).exp()

    def tanh(self) -> Series:
        """The hyperbolic tangent."""
        side, decay = self._decay(2)
        return (1 + -decay) / (1 + decay) * side

    def coth(self) -> Series:
        """The hyperbolic cotangent."""
        side, decay = self._decay(2)
        return (1 + decay) / (1 + -decay) * side

    def sech(self) -> Series:
        """The hyperbolic secant."""
        _, decay = self._decay(1)
        return 2 * decay / (1 + decay * decay)

    def sinh(self) -> Series:
        """The hyperbolic sine."""
        return (self.exp() + -(-self).exp()) / 2

    def cosh(self) -> Series:
        """The hyperbolic cosine."""
        return (self.exp() + (-self).exp()) / 2

    def asinh(self) -> Series:
        """The inverse hyperbolic sine."""
        side = -1 if self.value[0] < 0 else 1
        u = self * side
        return (u + (u * u + 1).sqrt()).log() * side

    def atanh(self) -> Series:
        """The inverse hyperbolic tangent."""
        return ((1 + self) / (1 + -self)).log() / 2


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Series) else value


def coefficients(
    function: Callable[[Sequence[Any], int], Sequence[Any]], point: arb, count: int, precision: int
) -> list[arb]:
    """The first Taylor coefficients of a function at every number in a ball.

    Args:
        function: `ArbFunction.at`.
        point: a ball.
        count: how many coefficients.
        precision: in bits.

    Returns:
        Balls; NaN where the function may have a pole.
    """
    before = ctx.cap
    ctx.cap = count
    try:
        with ctx.workprec(precision):
            try:
                (found,) = function([Series(arb_series([point, 1]))], precision)
            except UnknownSeriesError:
                raise
            except (ValueError, ZeroDivisionError):  # a quotient whose denominator may vanish in the ball
                return [arb("nan")] * count
            value = found.value if isinstance(found, Series) else arb_series([found])
            return [value[k] for k in range(count)]
    finally:
        ctx.cap = before
