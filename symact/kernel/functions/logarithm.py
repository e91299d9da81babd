"""log and log1p.

a = 2^n*m with an integer n and sqrt(1/2) <= m < sqrt(2); log(a) = n*ln(2) + log(1 + f), f = m - 1. In float64
log(1 + f) is log((1 + s)/(1 - s)) with s = f/(2 + f), as in the libraries that go back to Sun's (K. C. Ng, 1993): of
its expansion in s, the first term 2s = f - s*f is written such that f stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import mpmath

from symact.kernel.functions.exponential import DIGITS, ln2
from symact.kernel.functions.polynomial import Precision, horner, polynomial
from symact.kernel.program import Builder

#: 2^-n is made of a number that is 2 to this power larger.
_LIFT = 32


class SumParts(NamedTuple):
    """1 + a = 2^n*(1 + f): the numbers n and 2^-n. f is a*2^-n + (2^-n - 1), of which only the sum has an error."""

    n: int
    scale: int

    def fraction(self, b: Builder, a: int) -> int:
        """f."""
        return b("add", b("mul", a, self.scale), b("sub", self.scale, b.const(1)))


def inverse_power(b: Builder, n: int, precision: Precision) -> int:
    """2^-n, which may be subnormal, so that it is made in two steps."""
    lifted = b("pow2", b("sub", b.const(precision.rounder + _LIFT), n))
    return b("mul", lifted, b.const(f"1/{2**_LIFT}"))


def sum_parts(b: Builder, a: int) -> SumParts:
    """The parts of 1 + a for a > -1, with 3/4 <= 1 + f < 3/2: so f is exact for n = 0 and n = 1."""
    with mpmath.workdps(DIGITS):
        lower = b.const(mpmath.nstr(mpmath.sqrt(2) / mpmath.mpf("1.5"), DIGITS))
    n = b("exponent", b("add", b("mul", a, lower), lower))
    return SumParts(n, inverse_power(b, n, Precision("float64")))


def unit_parts(b: Builder, a: int) -> SumParts:
    """The parts of 1 + a for 0 <= a <= 1: n is 0 or 1."""
    beyond, one = b("lt", b.const("1/2"), a), b.const(1)
    return SumParts(b("select", beyond, one, b.const(0)), b("select", beyond, b.const("1/2"), one))


def _sum(b: Builder, n: int, f: int, lost: int | None, precision: Precision) -> int:
    """n*ln(2) + log(1 + f) + lost."""
    if precision.is_wide:
        with mpmath.workdps(DIGITS):
            whole = b.const(mpmath.nstr(mpmath.log(2), DIGITS))
        series = b("mul", horner(b, precision.table("log1p")["coefficients"], f), f)
        return b("add", b("mul", n, whole), series)
    high, low = (b.const(part) for part in ln2(precision))
    rest = b("mul", n, low)
    if lost is not None:
        rest = b("add", rest, lost)
    coefficients = precision.table("log")["coefficients"]
    if precision.is_short:
        square = b("mul", f, f)
        cube = b("mul", horner(b, coefficients, f), b("mul", square, f))
        beyond = b("sub", b("mul", b.const("1/2"), square), b("add", cube, rest))
    else:
        s = b("div", f, b("add", b.const(2), f))
        z = b("mul", s, s)
        if precision.is_paired:
            # n*ln(2) is 0 or larger than f, and about as large as the result: the sum's error shows (Fast2Sum).
            whole = b("mul", n, high)
            main = b("add", whole, f)
            rest = b("add", rest, b("sub", f, b("sub", main, whole)))
            square = b("mul", s, b("sub", f, b("mul", z, polynomial(b, coefficients, z, precision))))
            return b("add", main, b("sub", rest, square))
        beyond = b("sub", b("mul", s, b("sub", f, b("mul", z, horner(b, coefficients, z)))), rest)
    return b("add", b("mul", n, high), b("sub", f, beyond))


def log(b: Builder, a: int, precision: Precision) -> int:
    """The natural logarithm; -inf at 0, NaN below."""
    zero, infinity = b.const(0), b.const("inf")
    size, start = a, None
    if not precision.is_wide:
        # A subnormal number has no exponent of its own: it is multiplied up before.
        lift = precision.digits + 1
        small = b("lt", a, b.const(f"1/{2 ** (precision.emax - 1)}"))
        size = b("mul", a, b("select", small, b.const(2**lift), b.const(1)))
        start = b("select", small, b.const(-lift), zero)
    n = b("exponent", size)
    total = n if start is None else b("add", n, start)
    value = _sum(b, total, b("sub", b("mantissa", size), b.const(1)), None, precision)
    outside = b("select", b("eq", a, zero), b("neg", infinity), b("select", b("lt", a, zero), b.const("nan"), a))
    return b("select", b("and", b("lt", zero, a), b("lt", a, infinity)), value, outside)


def log1p(b: Builder, a: int, precision: Precision) -> int:
    """log(1 + a) for a >= -1; -inf at -1.

    The rounding of 1 + a is put right: for n = 0 f is a itself; else, and in the last digits, by what was lost. In
    paired arithmetic f is made from a, without that rounding.
    """
    one, zero, infinity = b.const(1), b.const(0), b.const("inf")
    if precision.is_paired:
        parts = sum_parts(b, a)
        value = _sum(b, parts.n, parts.fraction(b, a), None, precision)
        value = b("select", b("eq", a, b.const(-1)), b("neg", infinity), value)
        return b("select", b("lt", a, infinity), value, a)
    u = b("add", one, a)
    n, lost = b("exponent", u), None
    if not precision.is_wide:
        lost = b("div", b("sub", b("min", a, one), b("sub", u, b("max", a, one))), u)
        value = _sum(b, n, b("sub", b("mantissa", u), one), lost, precision)
    else:
        value = _sum(b, n, b("select", b("eq", n, zero), a, b("sub", b("mantissa", u), one)), None, precision)
    value = b("select", b("eq", u, zero), b("neg", infinity), value)
    return b("select", b("lt", a, infinity), value, a)


def log1p_positive(b: Builder, a: int, precision: Precision) -> int:
    """log(1 + a) for 0 <= a < 2^1000 in wide arithmetic: f = a*2^-n + (2^-n - 1)."""
    one = b.const(1)
    n = b("exponent", b("add", one, a))
    power = b("pow2", b("sub", b.const(precision.rounder), n))
    return _sum(b, n, b("add", b("mul", a, power), b("sub", power, one)), None, precision)


def log1p_unit(b: Builder, a: int, precision: Precision) -> int:
    """log(1 + a) for 0 <= a <= 1: in wide arithmetic one polynomial."""
    if precision.is_wide:
        return b("mul", horner(b, precision.table("log1p_unit")["coefficients"], a), a)
    one = b.const(1)
    if precision.is_paired:
        parts = unit_parts(b, a)
        return _sum(b, parts.n, parts.fraction(b, a), None, precision)
    u = b("add", one, a)
    lost = b("div", b("sub", a, b("sub", u, one)), u)
    return _sum(b, b("exponent", u), b("sub", b("mantissa", u), one), lost, precision)


BUILDERS: Mapping[str, Callable[[Builder, int, Precision], int]] = {
    "log": log,
    "log1p": log1p,
    "log1p_unit": log1p_unit,
}
