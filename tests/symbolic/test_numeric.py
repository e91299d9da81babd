"""Formulas as functions of numbers."""

from __future__ import annotations

import math

import pytest

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
