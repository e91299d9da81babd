"""The inverse tangent.

Wide: atan(u) is a polynomial in u^2 for u <= 1, and pi/2 - atan(1/u) beyond. Else u comes below tan(pi/8) first, by
atan(u) = c + atan((u - k)/(1 + k*u)) with k = 1 or infinity and c = atan(k) in two parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import mpmath

from symact.kernel.functions.exponential import DIGITS
from symact.kernel.functions.polynomial import Precision, horner
from symact.kernel.program import Builder


def _parts(value: mpmath.mpf, precision: Precision) -> tuple[str, str]:
    """A number as the nearest one of the format and what is left of it."""
    with mpmath.workprec(precision.digits):
        high = +value
    return str(mpmath.nstr(high, DIGITS)), str(mpmath.nstr(value - high, DIGITS))


def ends(precision: Precision) -> tuple[str, str, tuple[str, str], tuple[str, str]]:
    """tan(pi/8) and tan(3*pi/8), between which k is 1; pi/4 and pi/2 in two parts each."""
    with mpmath.workdps(DIGITS):
        first, second = (str(mpmath.nstr(mpmath.tan(k * mpmath.pi / 8), 8)) for k in (1, 3))
        return first, second, _parts(mpmath.pi / 4, precision), _parts(mpmath.pi / 2, precision)


def atan(b: Builder, a: int, precision: Precision) -> int:
    """The inverse tangent of any number, infinities too."""
    size, one = b("abs", a), b.const(1)
    coefficients = precision.table("atan")["coefficients"]
    first, second, quarter, half = ends(precision)
    if precision.is_wide:
        beyond = b("lt", one, size)
        u = b("div", b("select", beyond, one, size), b("max", size, one))
        near = b("mul", horner(b, coefficients, b("mul", u, u)), u)
        value = b("select", beyond, b("sub", b.const(half[0]), near), near)
        return b("copysign", value, a)
    zero = b.const(0)
    middle, far = b("lt", b.const(first), size), b("lt", b.const(second), size)
    above = b("select", far, b("neg", one), b("select", middle, b("sub", size, one), size))
    below = b("select", far, size, b("select", middle, b("add", size, one), one))
    u = b("div", above, below)
    z = b("mul", u, u)
    rest = b("mul", b("mul", horner(b, coefficients[1:], z), z), u)
    high = b("select", far, b.const(half[0]), b("select", middle, b.const(quarter[0]), zero))
    low = b("select", far, b.const(half[1]), b("select", middle, b.const(quarter[1]), zero))
    return b("copysign", b("add", high, b("add", u, b("add", rest, low))), a)


BUILDERS: Mapping[str, Callable[[Builder, int, Precision], int]] = {"atan": atan}
