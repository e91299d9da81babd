"""Taylor coefficients as balls, for functions as the oracle writes them."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import pytest
import sympy
from flint import arb, ctx

from symact.oracle.arb import ArbFunction
from symact.verification.series import coefficients

x = sympy.Symbol("x", real=True)


@pytest.mark.parametrize(
    ("expression", "function"),
    [
        (sympy.log(1 + sympy.exp(x)), lambda v: mpmath.log1p(mpmath.exp(v))),
        (1 - sympy.exp(-sympy.exp(x)), lambda v: -mpmath.expm1(-mpmath.exp(v))),
        (x * sympy.tanh(sympy.log(1 + sympy.exp(x))), lambda v: v * mpmath.tanh(mpmath.log1p(mpmath.exp(v)))),
    ],
)
@pytest.mark.parametrize("place", [-30.0, 0.5])
def test_coefficients_are_those_of_mpmath(
    expression: sympy.Expr, function: Callable[[mpmath.mpf], mpmath.mpf], place: float
) -> None:
    found = coefficients(ArbFunction(expression, x).at, arb(place), 5, 256)
    with mpmath.workprec(600), ctx.workprec(256):
        for ball, expected in zip(found, mpmath.taylor(function, place, 4), strict=True):
            assert abs(mpmath.mpf(ball.mid().str(60, radius=False)) / expected - 1) < mpmath.mpf(2) ** -120
            assert mpmath.mpf(ball.rad().str(10, radius=False)) < abs(expected) * mpmath.mpf(2) ** -120


def test_a_tail_that_1_swallows_at_this_precision_is_still_known() -> None:
    """log(1 + exp(-200)) is exp(-200) to 86 digits."""
    value, slope = coefficients(ArbFunction(sympy.log(1 + sympy.exp(x)), x).at, arb(-200), 2, 128)
    for ball in (value, slope):
        assert float(ball.rad()) < 1e-30 * float(ball)
        assert float(ball) == pytest.approx(1.3838965267367376e-87)
