"""Elementary functions for speed: float32 as good as an ULP or two, with as few steps as that takes.

They are written for processors that fuse products with sums, where a polynomial's term and `product_error` are one step
each, and right without that. What the functions of float32 do besides, to lose less than an ULP, is left out:

- exp(r) is one polynomial, and of r only what counts after a + n*ln(2) has been rounded. The power of two is made once;
  where a result may be subnormal, it is 2^64 times as large first, so that the last step rounds.
- log(1 + a) takes f = a*2^-n + (2^-n - 1) from a itself: no rounding of 1 + a has to be put right.
- exp(-a^2) takes what the rounding of a^2 lost into r.
- What only quick programs use, lifted or flushed, may make a number of NaN; where that is so, they are guarded.
- erfcx(a) has one division: it is w times a polynomial in w = 1/(a + k), or a quotient where exp(-a^2) ends soon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import mpmath

from symact.kernel.functions.error import erf_series
from symact.kernel.functions.exponential import DIGITS, ln2
from symact.kernel.functions.logarithm import inverse_power
from symact.kernel.functions.polynomial import Precision, horner
from symact.kernel.program import LIFT, Builder

#: Factors of exponents.
_PLUS, _MINUS, _MINUS_HALF = Fraction(1), Fraction(-1), Fraction(-1, 2)


class _Parts(NamedTuple):
    """exp(f*a) = 2^n*exp(f*r): 1.5*2^23 + n + `lift`, and r."""

    shifted: int
    r: int


def _reduced(b: Builder, a: int, factor: Fraction, lift: int, precision: Precision) -> _Parts:
    """The parts of exp(factor*a), the size of the factor a power of two; n counted with `lift`."""
    size = abs(factor)
    with mpmath.workdps(DIGITS):
        inverse = mpmath.nstr(factor.numerator / (factor.denominator * mpmath.log(2)), DIGITS)
    rounder = b.const(precision.rounder + lift)
    shifted = b("add", b("mul", a, b.const(inverse)), rounder)
    n = b("sub", shifted, rounder)
    high, low = (b.const(_times(part, 1 / size)) for part in ln2(precision))
    operation = "sub" if factor > 0 else "add"
    return _Parts(shifted, b(operation, b(operation, a, b("mul", n, high)), b("mul", n, low)))


def _end(lift: int, precision: Precision) -> str:
    """Where n, counted with `lift`, becomes -emax."""
    with mpmath.workdps(DIGITS):
        return str(mpmath.nstr((precision.emax + lift) * mpmath.log(2), 8))


def _times(number: str, factor: Fraction) -> str:
    """A number's text times a factor; with 1 and -1 its digits stay as they are."""
    if abs(factor) != 1:
        return str(Fraction(number) * factor)
    return number if factor > 0 else number[1:] if number[0] == "-" else f"-{number}"


def _exponential(b: Builder, r: int, factor: Fraction, precision: Precision) -> int:
    """exp(factor*r)."""
    coefficients = ["1", "1", *precision.table("exp")["coefficients"]]
    return horner(b, [_times(c, factor**k) for k, c in enumerate(coefficients)], r)


def _rest(b: Builder, r: int, factor: Fraction, precision: Precision) -> int:
    """exp(factor*r) - 1."""
    coefficients = [_times(c, factor ** (k + 2)) for k, c in enumerate(precision.table("exp")["coefficients"])]
    square = b("mul", horner(b, coefficients, r), b("mul", r, r))
    if factor == _PLUS:
        return b("add", r, square)
    return b("sub", square, r if factor == _MINUS else b("mul", b.const(-factor), r))


def _decay_parts(b: Builder, a: int, lift: int, precision: Precision, cut: str = "cut") -> _Parts:
    return _reduced(b, b(cut, a, b.const(_end(lift, precision))), _MINUS, lift, precision)


def _decay(b: Builder, a: int, lift: int, precision: Precision, *, cut: str = "cut") -> int:
    """exp(-a)*2^lift, and 0 from where that is no normal number: there the power of two has the bits of 0."""
    parts = _decay_parts(b, a, lift, precision, cut)
    return b("mul", _exponential(b, parts.r, _MINUS, precision), b("pow2", parts.shifted))


def decay_flushed(b: Builder, a: int, precision: Precision) -> int:
    """e^-a for a >= 0; 0 where it is subnormal."""
    return _decay(b, a, 0, precision)


def decay_lifted(b: Builder, a: int, precision: Precision) -> int:
    """e^-a*2^64 for a >= 0."""
    return _decay(b, a, LIFT, precision)


def decay_power(b: Builder, a: int, precision: Precision) -> int:
    """The power of two in e^-a*2^64 for a >= 0."""
    return b("pow2", _decay_parts(b, a, LIFT, precision).shifted)


def decay_rest(b: Builder, a: int, precision: Precision) -> int:
    """e^-a*2^64 divided by that, minus 1: between -1/3 and 1/2."""
    return _rest(b, _decay_parts(b, a, LIFT, precision).r, _MINUS, precision)


def decay(b: Builder, a: int, precision: Precision) -> int:
    """e^-a for a >= 0."""
    return b("mul", _decay(b, a, LIFT, precision, cut="min"), b.const(f"1/{2**LIFT}"))


def exp(b: Builder, a: int, precision: Precision) -> int:
    """e^a: with n + 1 in place of n up to the largest numbers, with n + 32 for the subnormal ones."""
    cut = b("min", b("max", a, b.const(f"-{_end(LIFT, precision)}")), b.const(89))
    small = b("lt", cut, b.const(0))
    parts = _reduced(b, cut, _PLUS, 0, precision)
    moved = b("add", parts.shifted, b("select", small, b.const(LIFT), b.const(-1)))
    value = b("mul", _exponential(b, parts.r, _PLUS, precision), b("pow2", moved))
    return b("mul", value, b("select", small, b.const(f"1/{2**LIFT}"), b.const(2)))


def _expm1(b: Builder, a: int, precision: Precision) -> int:
    """(e^a - 1)/2 for -30 <= a <= 89: half, for 2^128 is no number."""
    parts = _reduced(b, a, _PLUS, -1, precision)
    power = b("pow2", parts.shifted)
    # Less 1/2 - power, which is +0 where nothing is reduced, so that the least numbers keep their sign.
    return b("sub", b("mul", power, _rest(b, parts.r, _PLUS, precision)), b("sub", b.const("1/2"), power))


def expm1(b: Builder, a: int, precision: Precision) -> int:
    """e^a - 1."""
    half = _expm1(b, b("min", b("max", a, b.const(-30)), b.const(89)), precision)
    return b("add", half, half)


def tanh(b: Builder, a: int, precision: Precision) -> int:
    """-v/(1 + v) with v = (exp(-2|a|) - 1)/2, and the sign of a."""
    size = b("abs", a)
    v = _expm1(b, b("max", b("mul", b.const(-2), size), b.const(-30)), precision)
    return b("copysign", b("div", v, b("add", b.const(1), v)), a)


def log1p_positive(b: Builder, a: int, precision: Precision) -> int:
    """log(1 + a) for a >= 0: n*ln(2) + log(1 + f), 1 + a = 2^n*(1 + f)."""
    one = b.const(1)
    n = b("exponent", b("add", one, a))
    power = inverse_power(b, n, precision)
    f = b("add", b("mul", a, power), b("sub", power, one))
    with mpmath.workdps(DIGITS):
        whole = b.const(mpmath.nstr(mpmath.log(2), DIGITS))
    series = b("mul", horner(b, precision.table("log1p")["coefficients"], f), b("mul", f, f))
    return b("add", b("mul", n, whole), b("add", f, series))


def log1p_unit(b: Builder, a: int, precision: Precision) -> int:
    """log(1 + a) for 0 <= a <= 1."""
    return b("add", a, b("mul", horner(b, precision.table("log1p_unit")["coefficients"], a), b("mul", a, a)))


def _gaussian_end(factor: Fraction, lift: int, precision: Precision) -> str:
    """Where exp(factor*a^2)*2^lift becomes 0."""
    with mpmath.workdps(DIGITS):
        return str(mpmath.nstr(mpmath.sqrt(mpmath.mpf(_end(lift, precision)) / abs(mpmath.mpmathify(factor))), 8))


def _gaussian_parts(
    b: Builder, a: int, factor: Fraction, lift: int, precision: Precision, *, cut: str = "cut"
) -> _Parts:
    """Those of exp(factor*a^2) for -1 or -1/2: what the rounded square lost goes into r."""
    size = b(cut, b("abs", a), b.const(_gaussian_end(factor, lift, precision)))
    square = b("mul", size, size)
    error = b("product_error", size, size, square)
    shifted, r = _reduced(b, square, factor, lift, precision)
    return _Parts(shifted, b("add", r, error))


def _gaussian(b: Builder, a: int, factor: Fraction, lift: int, precision: Precision, *, cut: str = "cut") -> int:
    """exp(factor*a^2)*2^lift."""
    parts = _gaussian_parts(b, a, factor, lift, precision, cut=cut)
    return b("mul", _exponential(b, parts.r, factor, precision), b("pow2", parts.shifted))


def gauss_power(b: Builder, a: int, precision: Precision) -> int:
    """The power of two in exp(-a^2/2)*2^64."""
    return b("pow2", _gaussian_parts(b, a, _MINUS_HALF, LIFT, precision).shifted)


def gauss_rest(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2/2)*2^64 divided by that, minus 1."""
    return _rest(b, _gaussian_parts(b, a, _MINUS_HALF, LIFT, precision).r, _MINUS_HALF, precision)


def gauss_lifted(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2/2)*2^64."""
    return _gaussian(b, a, _MINUS_HALF, LIFT, precision)


def bell_power(b: Builder, a: int, precision: Precision) -> int:
    """The power of two in exp(-a^2)*2^64."""
    return b("pow2", _gaussian_parts(b, a, _MINUS, LIFT, precision).shifted)


def bell_rest(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2)*2^64 divided by that, minus 1."""
    return _rest(b, _gaussian_parts(b, a, _MINUS, LIFT, precision).r, _MINUS, precision)


def gauss(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2/2)."""
    return b("mul", _gaussian(b, a, _MINUS_HALF, LIFT, precision, cut="min"), b.const(f"1/{2**LIFT}"))


def bell_lifted(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2)*2^64."""
    return _gaussian(b, a, _MINUS, LIFT, precision)


def bell(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2)."""
    return b("mul", _gaussian(b, a, _MINUS, LIFT, precision, cut="min"), b.const(f"1/{2**LIFT}"))


def erfcx(b: Builder, a: int, precision: Precision) -> int:
    """exp(a^2)*erfc(a) for a >= 0, infinity included: w = 1/(a + k) times a polynomial in (a - k)*w."""
    table = precision.table("erfcx")
    k, one = b.const(table["k"]), b.const(1)
    w = b("div", one, b("add", a, k))
    q = b("min", one, b("mul", b("sub", a, k), w))  # 1 at infinity
    return b("mul", w, horner(b, table["coefficients"], q))


def _by_squares(b: Builder, coefficients: Sequence[str], a: int, square: int) -> int:
    """A polynomial in a as p(a^2) + a*q(a^2): less rounding than by Horner's rule for large a."""
    even, odd = (horner(b, coefficients[start::2], square) for start in (0, 1))
    return b("add", b("mul", odd, a), even)


def erfcx_half(b: Builder, a: int, precision: Precision) -> int:
    """exp(a^2/2)*erfc(a/sqrt(2)) up to where exp(-a^2/2) ends, as a quotient; the square is that of gauss."""
    table = precision.table("erfcx_half")
    cut = b("cut", a, b.const(_gaussian_end(_MINUS_HALF, LIFT, precision)))
    square = b("mul", cut, cut)
    above, below = (_by_squares(b, table[part], cut, square) for part in ("above", "below"))
    return b("div", above, below)


def erf(b: Builder, a: int, precision: Precision) -> int:
    """The error function: a series below 1."""
    size = b("abs", a)
    cut = b("min", size, b.const(15))
    tail = b("mul", bell(b, cut, precision), erfcx(b, cut, precision))
    large = b("copysign", b("sub", b.const(1), tail), a)
    return b("select", b("lt", size, b.const(1)), erf_series(b, a, precision), large)


def erfc(b: Builder, a: int, precision: Precision) -> int:
    """1 - erf(a)."""
    size = b("min", b("abs", a), b.const(15))
    tail = b("mul", bell(b, size, precision), erfcx(b, size, precision))
    return b("select", b("lt", a, b.const(0)), b("sub", b.const(2), tail), tail)


BUILDERS: Mapping[str, Callable[[Builder, int, Precision], int]] = {
    function.__name__: function
    for function in (
        exp, decay, decay_flushed, decay_lifted, decay_power, decay_rest, expm1, tanh,
        log1p_positive, log1p_unit, gauss, gauss_lifted, gauss_power, gauss_rest,
        bell, bell_lifted, bell_power, bell_rest, erf, erfc, erfcx, erfcx_half,
    )
}  # fmt: skip
