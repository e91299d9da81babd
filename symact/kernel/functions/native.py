"""The error function for languages that have exp: float32 as good as an ULP or two, with as few steps as that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symact.kernel.functions.error import erf_series
from symact.kernel.functions.polynomial import Precision, horner
from symact.kernel.program import Builder

#: exp(-a^2) is 0 in float32 for a beyond this.
_END = 15

#: About the largest number of float32.
_LARGEST = 34 * 10**37


def _gaussian(b: Builder, a: int, halved: bool) -> int:
    """exp(-a^2) or exp(-a^2/2), by the error of the rounded square."""
    cut = b("min", b("abs", a), b.const(_END))
    square = b("mul", cut, cut)
    error = b("product_error", cut, cut, square)
    if halved:
        square, error = (b("mul", b.const("1/2"), each) for each in (square, error))
    main = b("decay", square)
    return b("sub", main, b("mul", main, error))


def gauss(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2/2)."""
    return _gaussian(b, a, True)


def bell(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2)."""
    return _gaussian(b, a, False)


def erfcx(b: Builder, a: int, precision: Precision) -> int:
    """exp(a^2)*erfc(a) for a >= 0, infinity included: w = 1/(a + k) times a polynomial in (a - k)*w."""
    table = precision.table("erfcx")
    k = b.const(table["k"])
    a = b("min", a, b.const(_LARGEST))
    w = b("div", b.const(1), b("add", a, k))
    return b("mul", w, horner(b, table["coefficients"], b("mul", b("sub", a, k), w)))


def _tail(b: Builder, size: int, precision: Precision) -> int:
    """erfc(size) for size >= 0."""
    return b("mul", _gaussian(b, size, False), erfcx(b, size, precision))


def erf(b: Builder, a: int, precision: Precision) -> int:
    """The error function: a series below 1."""
    size = b("abs", a)
    large = b("copysign", b("sub", b.const(1), _tail(b, size, precision)), a)
    return b("select", b("lt", size, b.const(1)), erf_series(b, a, precision), large)


def erfc(b: Builder, a: int, precision: Precision) -> int:
    """1 - erf(a)."""
    tail = _tail(b, b("abs", a), precision)
    return b("select", b("lt", a, b.const(0)), b("sub", b.const(2), tail), tail)


BUILDERS: Mapping[str, Callable[[Builder, int, Precision], int]] = {
    function.__name__: function for function in (gauss, bell, erf, erfc, erfcx)
}
