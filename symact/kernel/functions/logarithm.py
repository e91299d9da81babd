"""log and log1p.

a = 2^n*m with an integer n and sqrt(1/2) <= m < sqrt(2); log(a) = n*ln(2) + log(1 + f), f = m - 1. In float64
log(1 + f) is log((1 + s)/(1 - s)) with s = f/(2 + f), as in the libraries that go back to Sun's (K. C. Ng, 1993): of
its expansion in s, the first term 2s = f - s*f is written such that f stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import mpmath

from symact.kernel.functions.exponential import DIGITS, ln2
from symact.kernel.functions.polynomial import Precision, horner
from symact.kernel.program import Builder


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

    The rounding of 1 + a is put right: for n = 0 f is a itself; else, and in the last digits, by what was lost.
    """
    one, zero, infinity = b.const(1), b.const(0), b.const("inf")
    u = b("add", one, a)
    n, lost = b("exponent", u), None
    if not precision.is_wide:
        lost = b("div", b("sub", b("min", a, one), b("sub", u, b("max", a, one))), u)
        value = _sum(b, n, b("sub", b("mantissa", u), one), lost, precision)
    else:
        value = _sum(b, n, b("select", b("eq", n, zero), a, b("sub", b("mantissa", u), one)), None, precision)
    value = b("select", b("eq", u, zero), b("neg", infinity), value)
    return b("select", b("lt", a, infinity), value, a)


def log1p_unit(b: Builder, a: int, precision: Precision) -> int:
    """log(1 + a) for 0 <= a <= 1: in wide arithmetic one polynomial."""
    if precision.is_wide:
        return b("mul", horner(b, precision.table("log1p_unit")["coefficients"], a), a)
    one = b.const(1)
    u = b("add", one, a)
    lost = b("div", b("sub", a, b("sub", u, one)), u)
    return _sum(b, b("exponent", u), b("sub", b("mantissa", u), one), lost, precision)


BUILDERS: Mapping[str, Callable[[Builder, int, Precision], int]] = {
    "log": log,
    "log1p": log1p,
    "log1p_unit": log1p_unit,
}
