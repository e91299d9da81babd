"""One-sided limits against values found by hand."""

from __future__ import annotations

import pytest
from sympy import (
    E,
    Expr,
    LambertW,
    S,
    Symbol,
    acosh,
    asin,
    atan,
    atanh,
    cos,
    erf,
    exp,
    floor,
    log,
    oo,
    pi,
    sin,
    sqrt,
    tan,
    tanh,
)

from symact.symbolic.limits import limit_at

x = Symbol("x", real=True)
a = Symbol("a", positive=True)
r = Symbol("r", real=True)

LIMITS: list[tuple[Expr, Expr, str, Expr | None]] = [
    (x**2 + 1, S(2), "+", S(5)),
    (sin(x) / x, S.Zero, "+", S.One),
    ((1 - cos(x)) / x**2, S.Zero, "-", S.Half),
    ((exp(a * x) - 1) / x, S.Zero, "+", a),
    (1 / x, S.Zero, "-", -oo),
    (1 / x, S.Zero, "+", oo),
    (log(x), S.Zero, "+", -oo),
    (x * log(x), S.Zero, "+", S.Zero),
    (x**x, S.Zero, "+", S.One),
    (x ** (1 / log(x)), S.Zero, "+", E),  # 0**0 by substitution
    (x ** (-1 / log(-log(x))), S.Zero, "+", oo),
    (exp(-1 / log(x)) * a, S.Zero, "+", a),
    (exp(1 / x), S.Zero, "-", S.Zero),
    (exp(1 / x), S.Zero, "+", oo),
    (1 / (1 + exp(1 / x)), S.Zero, "-", S.One),
    (atan(1 / x), S.Zero, "-", -pi / 2),
    (tan(x), pi / 2, "-", oo),
    (asin(x), S.One, "-", pi / 2),
    (acosh(x), S.One, "+", S.Zero),
    (atanh(x), S.One, "-", oo),
    (floor(x), S.Zero, "-", S.NegativeOne),
    (floor(x), S.Zero, "+", S.Zero),
    (sin(1 / x), S.Zero, "+", None),
    (x * sin(1 / x), S.Zero, "+", S.Zero),
    (1 / sin(1 / x), S.Zero, "+", None),
    (1 + x * (1 - 1 / (1 + exp(-x))), oo, "-", S.One),
    (log(1 + exp(a * x)) / a, oo, "-", oo),
    (log(1 + exp(a * x)) / a, -oo, "+", S.Zero),
    (log(1 + exp(x)) - x, oo, "-", S.Zero),
    (x / (1 + x**a) ** (1 / a), oo, "-", S.One),
    (x * erf(a * x), -oo, "+", oo),
    (x * (1 - erf(x)), oo, "-", S.Zero),
    (sqrt(x**2 + x) - x, oo, "-", S.Half),
    ((1 + 1 / x) ** x, oo, "-", E),
    (exp(x) * (tanh(x) - 1) ** 2, oo, "-", S.Zero),
    (LambertW(x) - log(x) + log(log(x)), oo, "-", S.Zero),
    (exp(exp(exp(-x / (1 + 1 / x)))), oo, "-", E),
    (sin(x), oo, "-", None),
    (sin(x) / x, oo, "-", S.Zero),
    (atan(x) + cos(x) / x, oo, "-", pi / 2),
    (x + sin(x), oo, "-", oo),
    (r * x, oo, "-", None),  # depends on the sign of r
]


@pytest.mark.parametrize(("expression", "point", "side", "expected"), LIMITS, ids=str)
def test_limit(expression: Expr, point: Expr, side: str, expected: Expr | None) -> None:
    assert limit_at(expression, x, point, side) == expected
