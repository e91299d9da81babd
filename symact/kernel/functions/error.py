"""erf, erfc, erfcx and exp(-a^2).

In wide arithmetic erfcx is a quotient of polynomials, and a^2 is exact enough: a has 24 bits or little more than that.
Else a^2 is split; in float64 erfcx is written such that its rounding errors are known too.

Worst errors seen in float64 with NumPy's exp, in units in the last place of the exact value (subnormals included), over
a hundred thousand points each: erf 1.2, erfc 2.3, erfcx 1.7, gauss 1.1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symact.kernel.functions.polynomial import Precision, horner
from symact.kernel.program import Builder


def _exp_of_square(b: Builder, a: int, halved: bool, precision: Precision) -> tuple[int, int]:
    """exp(-a^2), or exp(-a^2/2), for 0 <= a <= 40 with no error from rounding a^2.

    a = h + l with h^2 exact: exp(-h^2)*exp(u) with u = -l*(a + h), so small that four terms do. Returned are exp(-h^2)
    and exp(u) - 1.
    """
    short = precision.digits == 24
    # (a + split) - split is a multiple of 2^-20, or of 2^-8 (then a <= 15): its square is exact.
    split = b.const(3 * 2**14 if short else 3 * 2**31)
    high = b("sub", b("add", a, split), split)

    def scale(square: int) -> int:
        return b("mul", b.const("1/2"), square) if halved else square

    main = b("decay", scale(b("mul", high, high)))
    u = scale(b("mul", b("sub", high, a), b("add", a, high)))
    tail = b("add", b.const("1/2"), b("mul", u, b("add", b.const("1/6"), b("mul", u, b.const("1/24")))))
    return main, b("add", u, b("mul", b("mul", u, u), tail))


def erf_series(b: Builder, a: int, precision: Precision) -> int:
    """erf(a) for |a| <= 1; the sign of a zero is kept."""
    series = horner(b, precision.table("erf")["coefficients"], b("mul", a, a))
    return b("mul", a, series) if precision.is_wide else b("add", a, b("mul", a, series))


def _quotient(b: Builder, a: int, precision: Precision) -> int:
    """erfcx(a) for a >= 0, infinity included."""
    if precision.is_wide:
        table, cut = precision.table("erfcx"), b("min", a, b.const(10**40))
        return b("div", horner(b, table["above"], cut), horner(b, table["below"], cut))
    q, _ = ratio(b, b("min", a, b.const(10**18)), precision)
    p = horner(b, precision.table("tail")["coefficients"], q)
    return b("div", p, b("add", a, b.const("1/2")))


def ratio(b: Builder, cut: int, precision: Precision, table: str = "tail") -> tuple[int, int]:
    """(a - k)/(a + k) as 2a/(a + k) - 1, whose error is smallest at 0, and what its last rounding lost."""
    k = b.const(precision.table(table)["k"])
    ratio = b("div", b("add", cut, cut), b("add", cut, k))
    q = b("sub", ratio, b.const(1))
    return q, b("sub", ratio, b("add", q, b.const(1)))


def _corrected(b: Builder, a: int, cut: int, precision: Precision) -> tuple[int, int]:
    """erfcx(a) for a >= 0, infinity included, as a value and a small relative correction; `cut` is min(a, 10^18).

    The value is p/d, p the polynomial in q = (a - k)/(a + k), d = a + 1/2. What is left of the rounding of q (r), of
    the last sum of p (e) and of d (s) is known exactly (Fast2Sum, Dekker 1971) and makes the correction:
    (e + p' r)/p - s/d. There p' is taken as 1/2 where r is not 0 and 1/p as 1.75, for p lies between 0.5 and 0.65.
    """
    half = b.const("1/2")
    q, q_error = ratio(b, cut, precision)
    constant, *rest = precision.table("tail")["coefficients"]
    product = b("mul", horner(b, rest, q), q)
    p = b("add", b.const(constant), product)
    p_error = b("add", b("add", b("sub", b.const(constant), p), product), b("mul", half, q_error))
    d_error = b("add", b("sub", b("max", cut, half), b("add", cut, half)), b("min", cut, half))
    value = b("div", p, b("add", a, half))
    return value, b("mul", b.const("1.75"), b("sub", p_error, b("mul", value, d_error)))


def _corrects(precision: Precision) -> bool:
    return precision.arithmetic in ("float64", "paired")


def _erfc_positive(b: Builder, a: int, precision: Precision) -> int:
    """erfc(a) for a >= 0, with its relative error small down to the last subnormal number."""
    if precision.is_wide:
        return b("mul", bell(b, a, precision), _quotient(b, a, precision))
    cut = b("min", a, b.const(28 if precision.digits == 53 else 15))
    main, main_correction = _exp_of_square(b, cut, False, precision)
    if not _corrects(precision):
        product = b("mul", main, _quotient(b, cut, precision))
        return b("add", product, b("mul", product, main_correction))
    value, value_correction = _corrected(b, cut, cut, precision)
    product = b("mul", main, value)
    return b("add", product, b("mul", product, b("add", main_correction, value_correction)))


def erf(b: Builder, a: int, precision: Precision) -> int:
    """The error function."""
    # Below 1 the series, above it 1 - erfc: there erfc < 0.16, so its error counts for little.
    size = b("abs", a)
    large = b("copysign", b("sub", b.const(1), _erfc_positive(b, size, precision)), a)
    return b("select", b("lt", size, b.const(1)), erf_series(b, a, precision), large)


def erfc(b: Builder, a: int, precision: Precision) -> int:
    """1 - erf(a)."""
    # 1 - erf is used while erf < 1/2: there the difference keeps the error of erf as it is.
    size = b("abs", a)
    tail = _erfc_positive(b, size, precision)
    far = b("select", b("lt", a, b.const(0)), b("sub", b.const(2), tail), tail)
    return b("select", b("lt", size, b.const("0.47")), b("sub", b.const(1), erf_series(b, a, precision)), far)


def erfcx(b: Builder, a: int, precision: Precision) -> int:
    """exp(a^2)*erfc(a) for a >= 0."""
    if not _corrects(precision):
        return _quotient(b, a, precision)
    value, correction = _corrected(b, a, b("min", a, b.const(10**18)), precision)
    return b("add", value, b("mul", value, correction))


def _gaussian(b: Builder, a: int, halved: bool, precision: Precision) -> int:
    if precision.is_wide:
        square = b("mul", a, a)
        return b("decay", b("mul", b.const("1/2"), square) if halved else square)
    # The end is where the result is 0 already; a NaN stays, for it is the first operand.
    ends = (40, 28) if precision.digits == 53 else (15, 11)
    cut = b("min", b("abs", a), b.const(ends[0 if halved else 1]))
    main, correction = _exp_of_square(b, cut, halved, precision)
    return b("add", main, b("mul", main, correction))


def gauss(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2/2)."""
    return _gaussian(b, a, True, precision)


def bell(b: Builder, a: int, precision: Precision) -> int:
    """exp(-a^2)."""
    return _gaussian(b, a, False, precision)


BUILDERS: Mapping[str, Callable[[Builder, int, Precision], int]] = {
    "erf": erf,
    "erfc": erfc,
    "erfcx": erfcx,
    "gauss": gauss,
    "bell": bell,
}
