"""symact's own erf, erfc, erfcx and exp(-a^2/2) as programs of basic operations, for double precision.

NumPy has no error function, and the C library's need not be there or accurate. These programs are straight lines
with selects, so every target prints them as it prints any kernel. Each has the input ``a`` and the output ``y``; a NaN
goes through, and the values at both zeros and both infinities are right.

The programs hold for IEEE double arithmetic only (`SPLIT` is a constant of that format); they may be evaluated with or
without fused multiply-add, for no step depends on a product being rounded.

Worst errors seen with NumPy's exp, in units in the last place of the exact value (subnormals included), over a
hundred thousand points each: erf 1.2, erfc 2.3, erfcx 1.7, gauss 1.1. tests/kernel/test_functions.py measures them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

from symact.kernel.program import Builder, Kernel

_TABLE = json.loads(files("symact.kernel").joinpath("coefficients.json").read_text(encoding="utf-8"))

#: 1.5 * 2**32: (a + SPLIT) - SPLIT rounds |a| < 2**6 to a multiple of 2**-20, whose square is exact in a double.
SPLIT = "6442450944"


def _coefficients(b: Builder, name: str) -> list[int]:
    return [b.const(c) for c in _TABLE[name]["coefficients"]]


def _horner(b: Builder, coefficients: Sequence[int], variable: int) -> int:
    """A polynomial by Horner's rule, the constant term first in `coefficients`."""
    *rest, value = coefficients
    for coefficient in reversed(rest):
        value = b("add", b("mul", value, variable), coefficient)
    return value


def _exp_of_square(b: Builder, a: int, scale: Callable[[int], int]) -> tuple[int, int]:
    """exp(-scale(a^2)) for 0 <= a <= 40 with no error from rounding a^2; `scale` is by 1 or 1/2, which is exact.

    a = h + l, h^2 exact: exp(-scale(h^2)) * exp(u) with u = -scale(l*(a + h)), so small that three terms do.
    Returned are exp(-scale(h^2)) and exp(u) - 1.
    """
    high = b("sub", b("add", a, b.const(SPLIT)), b.const(SPLIT))
    main = b("exp", b("neg", scale(b("mul", high, high))))
    u = scale(b("mul", b("sub", high, a), b("add", a, high)))
    tail = b("add", b.const("1/2"), b("mul", u, b.const("1/6")))
    return main, b("add", u, b("mul", b("mul", u, u), tail))


def _erf_small(b: Builder, a: int) -> int:
    """erf(a) for |a| <= 1; the sign of a zero is kept."""
    return b("add", a, b("mul", a, _horner(b, _coefficients(b, "small"), b("mul", a, a))))


def _erfcx(b: Builder, a: int, cut: int) -> tuple[int, int]:
    """erfcx(a) for a >= 0, infinity included, as a value and a small relative correction; `cut` is min(a, 10^18).

    The value is p/d, p the polynomial in q = (a - k)/(a + k), d = a + 1/2. q is written as 2a/(a + k) - 1, whose
    error is smallest at 0, where p is steepest. What is left of the rounding of q (r), of the last sum of p (e) and of
    d (s) is known exactly (Fast2Sum, Dekker 1971) and makes the correction: (e + p' r)/p - s/d. There p' is taken as
    1/2 where r is not 0 and 1/p as 1.75, for p lies between 0.5 and 0.65.
    """
    k, half = b.const(_TABLE["tail"]["k"]), b.const("1/2")
    ratio = b("div", b("add", cut, cut), b("add", cut, k))
    q = b("sub", ratio, b.const(1))
    q_error = b("sub", ratio, b("add", q, b.const(1)))
    constant, *rest = _coefficients(b, "tail")
    product = b("mul", _horner(b, rest, q), q)
    p = b("add", constant, product)
    p_error = b("add", b("add", b("sub", constant, p), product), b("mul", half, q_error))
    d_error = b("add", b("sub", b("max", cut, half), b("add", cut, half)), b("min", cut, half))
    value = b("div", p, b("add", a, half))
    return value, b("mul", b.const("1.75"), b("sub", p_error, b("mul", value, d_error)))


def _erfc_positive(b: Builder, a: int) -> int:
    """erfc(a) for a >= 0, with its relative error small down to the last subnormal (a = 27.23)."""
    cut = b("min", a, b.const(28))
    main, main_correction = _exp_of_square(b, cut, lambda square: square)
    value, value_correction = _erfcx(b, cut, cut)
    product = b("mul", main, value)
    return b("add", product, b("mul", product, b("add", main_correction, value_correction)))


def _erf(b: Builder, a: int) -> int:
    # Below 1 the series, above it 1 - erfc: there erfc < 0.16, so its error counts for little.
    size = b("abs", a)
    large = b("copysign", b("sub", b.const(1), _erfc_positive(b, size)), a)
    return b("select", b("lt", size, b.const(1)), _erf_small(b, a), large)


def _erfc(b: Builder, a: int) -> int:
    # 1 - erf is used while erf < 1/2: there the difference keeps the error of erf as it is.
    size = b("abs", a)
    tail = _erfc_positive(b, size)
    far = b("select", b("lt", a, b.const(0)), b("sub", b.const(2), tail), tail)
    return b("select", b("lt", size, b.const("0.47")), b("sub", b.const(1), _erf_small(b, a)), far)


def _erfcx_alone(b: Builder, a: int) -> int:
    value, correction = _erfcx(b, a, b("min", a, b.const(10**18)))
    return b("add", value, b("mul", value, correction))


def _gauss(b: Builder, a: int) -> int:
    # exp(-40^2/2) is 0 already; a NaN stays, for it is the first operand.
    cut = b("min", b("abs", a), b.const(40))
    main, correction = _exp_of_square(b, cut, lambda square: b("mul", b.const("1/2"), square))
    return b("add", main, b("mul", main, correction))


def _bell(b: Builder, a: int) -> int:
    # exp(-28^2) is 0 already; a NaN stays, for it is the first operand.
    cut = b("min", b("abs", a), b.const(28))
    main, correction = _exp_of_square(b, cut, lambda square: square)
    return b("add", main, b("mul", main, correction))


def _programs() -> dict[str, Kernel]:
    programs = {}
    builders = {"erf": _erf, "erfc": _erfc, "erfcx": _erfcx_alone, "gauss": _gauss, "bell": _bell}
    for name, build in builders.items():
        b = Builder()
        programs[name] = b.kernel(name, ("a",), (), {"y": build(b, b.input("a"))})
    return programs


#: Operation name -> program with the input ``a`` and the output ``y``.
FUNCTIONS: Mapping[str, Kernel] = _programs()
