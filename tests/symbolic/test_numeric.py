"""Formulas as functions of numbers."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from symact.errors import Error
from symact.symbolic.numeric import function


def test_nothing_is_lost_to_cancellation() -> None:
    # sech(300)^2 = 4*exp(-600)/(1 + exp(-600))^2; exp(-600) = 2.6503965530043108163e-261
    assert function("1 - tanh(x)**2")(300) == pytest.approx(1.0601586212017243265e-260, rel=1e-15)


def test_parameters_and_another_variable() -> None:
    assert function("a*exp(-b*t)", "t", {"a": "1/2", "b": "3"})(0.5) == pytest.approx(0.5 * math.exp(-1.5), rel=1e-15)


def test_pieces() -> None:
    step = function("Piecewise((0, x <= 0), (1, True))")
    assert [step(-1.0), step(0.0), step(1.0)] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(("formula", "x"), [("1/x", 0.0), ("log(x)", -1.0), ("sqrt(x)", -1.0)])
def test_nan_where_there_is_no_real_value(formula: str, x: float) -> None:
    assert math.isnan(function(formula)(x))


@pytest.mark.parametrize(
    ("formula", "x", "value"),
    [
        ("exp(exp(x))", 1e6, math.inf),
        ("exp(-exp(exp(x)))", 1000.0, 0.0),
        ("1 - tanh(sinh(sinh(x)))", 1000.0, 0.0),
        ("sinh(exp(exp(-x)))", -1000.0, math.inf),
    ],
)
def test_numbers_beyond_all_reason_come_back_at_once(formula: str, x: float, value: float) -> None:
    assert function(formula)(x) == value


@pytest.mark.parametrize(
    ("formula", "x", "value"),
    [
        ("Max(0, Min(x, 6), -1)", 7.0, 6.0),
        ("floor(x) + sign(-x)*Abs(x)", -2.5, -0.5),
        ("LambertW(x)*exp(LambertW(x))", 2.0, 2.0),
        ("1 if x > 0 and not x >= 2 else 2 if x == 5 or x < -1 else 3", 5.0, 2.0),
        ("Piecewise((1, (x > 0) & (x < 1)), (2, (x < -1) | Eq(x, 0)), (3, Ne(x, 7)))", 0.0, 2.0),
        ("Piecewise((log(x), x > 0), (x/(1/x), x < 0))", -3.0, 9.0),
        ("1 if 0 < x < 2 < 3 else 0", 1.0, 1.0),
        ("Rational(1, 4)*x + 0.1*E/E + pi/pi", 2.0, 1.6),
        ("erf(x) + erfc(x)", -1e300, 1.0),
        ("x**(1/3)", 27.0, 3.0),
    ],
)
def test_operations(formula: str, x: float, value: float) -> None:
    assert function(formula)(x) == pytest.approx(value, rel=1e-15)


def test_no_case_holds() -> None:
    assert math.isnan(function("Piecewise((1, x > 0))")(-1.0))


@pytest.mark.parametrize(
    "formula", ["", "x +", "y", "f(x)", "x.real", "().__class__", "(lambda: x)()", "[x]", "'x'", "x(1)", "exp(x, y=1)"]
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(Error, match="is no formula"):
        function(formula)


def test_sympy_is_not_imported() -> None:
    code = "import sys, symact.symbolic.numeric as n; n.function('x')(1.0); sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
