"""exp and what is made from it.

a = n*ln(2) + r with an integer n and |r| <= ln(2)/2; exp(a) = 2^n*exp(r), where exp(r) - 1 is a polynomial in r without
a constant (W. J. Cody, W. Waite, "Software manual for the elementary functions", 1980).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import mpmath

from symact.kernel.functions.polynomial import Precision, horner, polynomial
from symact.kernel.program import Builder

#: Where exp is 0 or infinite for good: below and above, for each arithmetic. A wide exp is 0 where it would be
#: subnormal, for there the power of two has the bits of 0; and what stands for infinity is a number.
ENDS = {
    "wide": (-709, 350),
    **dict.fromkeys(("float64", "paired"), (-746, 710)),
    **dict.fromkeys(("float32", "fast"), (-104, 89)),
}

DIGITS = 40

#: In pairs: by which power of two exp(-a) is larger while it is put together, so that one power of two does for a tail,
#: and what makes up for that.
MORE = 512
LESS = Fraction(1, 2**MORE)


@dataclass(frozen=True)
class Reduced:
    """exp(a) in parts: the number n, `rounder` + n, and exp(r) - 1 as r + beyond (wide: all of it in `beyond`).

    `shifted` may be more than `rounder` + n, for a power of two that is larger. `lost` is what the rounding of r lost;
    in wide arithmetic it is not known.
    """

    n: int
    shifted: int
    r: int | None
    beyond: int
    lost: int = -1

    def rest(self, b: Builder) -> int:
        """exp(r) - 1."""
        return self.beyond if self.r is None else b("add", self.r, self.beyond)


def ln2(precision: Precision) -> tuple[str, str]:
    """ln(2) as a number so short that its products with n are exact, and what is left of it."""
    with mpmath.workdps(DIGITS):
        exact = mpmath.log(2)
        bits = precision.digits - (precision.emax.bit_length() + 1)
        high = mpmath.floor(mpmath.ldexp(exact, bits))
        return f"{int(high)}/{2**bits}", _number(exact - mpmath.ldexp(high, -bits))


def _number(value: mpmath.mpf) -> str:
    return str(mpmath.nstr(value, DIGITS))


def reduced(b: Builder, a: int, precision: Precision, beyond: int | None = None, more: int = 0) -> Reduced:
    """The parts of exp(a), for an `a` that has been cut to the ends; `beyond` is a small number that belongs to it.

    `more` is added to the number that is the power of two's exponent.
    """
    with mpmath.workdps(DIGITS):
        inverse, whole = _number(1 / mpmath.log(2)), _number(mpmath.log(2))
    rounder = b.const(precision.rounder + more)
    shifted = b("add", b("mul", a, b.const(inverse)), rounder)
    n = b("sub", shifted, rounder)
    if precision.is_wide:
        r = b("sub", a, b("mul", n, b.const(whole)))
        return Reduced(n, shifted, None, b("mul", horner(b, precision.table("expm1")["coefficients"], r), r))
    high, low = (b.const(part) for part in ln2(precision))
    start = b("sub", a, b("mul", n, high))
    r = b("sub", start, b("mul", n, low))
    square = b("mul", polynomial(b, precision.table("exp")["coefficients"], r, precision), b("mul", r, r))
    lost = b("sub", b("sub", start, r), b("mul", n, low))  # what the rounding of r lost
    if beyond is not None:  # times exp(r)
        lost = b("add", lost, b("add", beyond, b("mul", beyond, b("add", r, square))))
    return Reduced(n, shifted, r, b("add", square, lost), lost)


def _cut(b: Builder, a: int, precision: Precision) -> int:
    low, high = ENDS[precision.arithmetic]
    return b("min", b("max", a, b.const(low)), b.const(high))


def _scaled(b: Builder, parts: Reduced, value: int, precision: Precision) -> int:
    """value*2^n; in two steps where the result may be subnormal or n may be no exponent of a number."""
    if precision.is_wide:
        return b("mul", value, b("pow2", parts.shifted))
    for power in powers(b, parts.n, precision):
        value = b("mul", value, power)
    return value


def powers(b: Builder, n: int, precision: Precision) -> tuple[int, int]:
    """Two numbers whose product is 2^n, also where that is subnormal or just too large."""
    rounder = b.const(precision.rounder)
    shifted = b("add", b("mul", n, b.const("1/2")), rounder)
    half = b("sub", shifted, rounder)
    other = b("add", b("sub", n, half), rounder)
    return b("pow2", shifted), b("pow2", other)


def exp(b: Builder, a: int, precision: Precision) -> int:
    """e^a."""
    parts = reduced(b, _cut(b, a, precision), precision)
    return _scaled(b, parts, b("add", b.const(1), parts.rest(b)), precision)


def exp_long(b: Builder, a: int, precision: Precision) -> int:
    """e^a to the last digit also in wide arithmetic: as an exponent its error is multiplied by its size."""
    if not precision.is_wide:
        return exp(b, a, precision)
    return exp(b, _cut(b, a, precision), Precision("float64"))  # what is infinite for results is a number here


def decay(b: Builder, a: int, precision: Precision) -> int:
    """e^-a for a >= 0."""
    end = b.const(-ENDS[precision.arithmetic][0])
    argument = b("neg", b("min", a, end))
    if precision.is_paired:
        parts = reduced(b, argument, precision, more=MORE)
        value = b("mul", b("add", b.const(1), parts.rest(b)), b("pow2", parts.shifted))
        return b("mul", value, b.const(LESS))
    parts = reduced(b, argument, precision)
    return _scaled(b, parts, b("add", b.const(1), parts.rest(b)), precision)


def expm1(b: Builder, a: int, precision: Precision) -> int:
    """e^a - 1 = (2^n - 1) + 2^n*(exp(r) - 1), the digits next to 0 in the last term.

    Where 2^n would be no number, a is so large that the difference from exp does not show.
    """
    low, _ = ENDS[precision.arithmetic]
    least = -40 if precision.is_wide else -(precision.digits + 3)
    cut = b("max", a, b.const(max(low, least)))
    parts = reduced(b, b("min", cut, b.const(ENDS[precision.arithmetic][1])), precision)
    if parts.r is None:
        power = b("pow2", parts.shifted)
        return b("add", b("mul", power, parts.beyond), b("sub", power, b.const(1)))
    # 2^(emax + 1) is no number: there half of it is taken and doubled in the end.
    far = b("lt", b.const(precision.emax - 23), parts.n)
    one, zero = b.const(1), b.const(0)
    power = b("pow2", b("sub", parts.shifted, b("select", far, one, zero)))
    whole, linear = b("sub", power, one), b("mul", power, parts.r)
    main = b("add", whole, linear)
    lost = b("sub", linear, b("sub", main, whole))  # |whole| >= |linear| or whole is 0 (Fast2Sum, Dekker 1971)
    value = b("add", main, b("add", b("mul", power, parts.beyond), lost))
    return b("mul", value, b("select", far, b.const(2), one))


def tanh(b: Builder, a: int, precision: Precision) -> int:
    """-v/(2 + v) with v = exp(-2|a|) - 1 where that is below 1/2, 1 - 2(1 + v)/(2 + v) beyond, and the sign of a."""
    size, one, two = b("abs", a), b.const(1), b.const(2)
    v = expm1(b, b("neg", b("add", size, size)), precision)
    if precision.is_wide:
        return b("copysign", b("div", v, b("add", two, v)), a)
    large = b("lt", b.const("0.55"), size)
    above = b("select", large, b("mul", two, b("add", one, v)), b("neg", v))
    ratio = b("div", above, b("add", two, v))
    return b("copysign", b("select", large, b("sub", one, ratio), ratio), a)


BUILDERS: Mapping[str, Callable[[Builder, int, Precision], int]] = {
    "exp": exp,
    "exp_long": exp_long,
    "decay": decay,
    "expm1": expm1,
    "tanh": tanh,
}
