"""Leading terms, against keys derived by hand and against SymPy's own numbers far out."""

from __future__ import annotations

import pytest
from sympy import (
    E,
    Expr,
    LambertW,
    Rational,
    S,
    Symbol,
    acos,
    asin,
    asinh,
    atan,
    cos,
    erf,
    erfc,
    exp,
    gamma,
    log,
    oo,
    pi,
    sin,
    sinh,
    sqrt,
    tanh,
)

from symact.symbolic.leading import leading_term
from symact.symbolic.series import OscillatingError, UndecidedError, sign_of, vanishes
from symact.symbolic.trigonometric import trigonometric_sum

t = Symbol("t", positive=True)
a = Symbol("a", positive=True)

KEYS: list[tuple[Expr, Expr]] = [
    (S.Zero * t, S.Zero),
    (pi + 1 / t, pi),
    (t**2 + 3 * t, t**2),
    ((t + 1) ** 2 - t**2 - 2 * t, S.One),
    (1 / (1 + t) - 1 / t, -1 / t**2),
    # Endless cancellation: the algebraic parts agree to all orders, the exponential is left.
    (1 / (1 + 1 / t + exp(-t)) - 1 / (1 + 1 / t), -exp(-t)),
    (log(t + 1) - log(t) - log(1 + 1 / t) + exp(-(t**2)), exp(-(t**2))),
    (exp(t + 1 / t) - exp(t), exp(t) / t),
    # Gruntz's example 8.1: e**(1/x - e**-x) - e**(1/x) is -e**-x to leading order, times e**x.
    (exp(t) * (exp(1 / t - exp(-t)) - exp(1 / t)), S.NegativeOne),
    (exp(exp(t)) / exp(exp(t - exp(-exp(t)))), S.One),  # Gruntz's 8.2: the inner shift is too small to count
    (log(log(t) + log(log(t))) - log(log(t)), log(log(t)) / log(t)),
    (log(log(log(t + exp(exp(t))))), log(t)),
    (t ** Rational(1, 3) - (t - 1) ** Rational(1, 3), t ** Rational(-2, 3) / 3),
    (sqrt(t**2) - t * sqrt(1 + 1 / t**2), -1 / (2 * t)),
    (tanh(1 / t) - 1 / t, -1 / (3 * t**3)),
    (sinh(t) - exp(t) / 2, -exp(-t) / 2),
    (asinh(-t), -log(t)),
    (atan(-t) + pi / 2, 1 / t),
    (atan(log(t)) - pi / 2, -1 / log(t)),
    (atan(1 + 1 / t) - pi / 4, 1 / (2 * t)),
    (acos(1 - 1 / t), sqrt(2 / t)),
    (asin(1 / t - 1) + pi / 2, sqrt(2 / t)),
    # The first five terms in exp(-exp(t)) cancel; what is left is tiny wherever it is looked at.
    (1 / (1 + exp(-exp(t))) - sum((-exp(-exp(t))) ** k for k in range(6)), exp(-6 * exp(t))),
    (erfc(t), exp(-(t**2)) / (sqrt(pi) * t)),
    (1 + erf(-t), exp(-(t**2)) / (sqrt(pi) * t)),
    (erfc(log(t)), exp(-(log(t) ** 2)) / (sqrt(pi) * log(t))),
    (erf(1 + 1 / t) - erf(1), 2 / (E * sqrt(pi) * t)),
    (erfc(sqrt(log(t))), 1 / (sqrt(pi) * t * sqrt(log(t)))),
    (LambertW(t) - log(t), -log(log(t))),
    (LambertW(t * exp(t)) - t, S.Zero),
    (  # With L = ln t, M = ln L the next term is M*(2*M**2 - 9*M + 6)/(6*L**3).
        LambertW(t) - log(t) + log(log(t)) - log(log(t)) / log(t) - log(log(t)) * (log(log(t)) - 2) / (2 * log(t) ** 2),
        log(log(t)) ** 3 / (3 * log(t) ** 3),
    ),
    (LambertW(1 / t) - 1 / t, -1 / t**2),
    (LambertW(E + 1 / t) - 1, 1 / (2 * E * t)),  # W' = 1/(e**W*(1 + W)) = 1/(2*e) at e
    (t * sin(1 / t) - 1, -1 / (6 * t**2)),
    (t**t / exp(t * log(t)) * 2, S(2)),
    (exp(a * t) / (1 + exp(2 * a * t)), exp(-a * t)),
    (t**a + t**a / t, t**a),
]


@pytest.mark.parametrize(("expression", "expected"), KEYS, ids=str)
def test_leading_term(expression: Expr, expected: Expr) -> None:
    found = leading_term(expression, t).expression
    for point in (Rational(7, 2), Rational(31, 3)):
        values = {t: point, a: Rational(2, 3)}
        assert abs((found - expected).subs(values).evalf(30)) <= abs(expected.subs(values).evalf(30)) * 1e-20


def test_order_of_magnitude_and_limit() -> None:
    leading = leading_term(-t * exp(-t), t)
    assert leading.sign == -1
    assert leading.limit == 0
    assert leading_term(log(t) / 2, t).limit == oo
    assert leading_term(-(t**2), t).limit == -oo
    assert leading_term(1 + exp(-t), t).limit == 1


def test_logarithm_is_that_of_the_product() -> None:
    leading = leading_term(3 * t**2 * exp(-(t**2)), t)
    assert (leading.logarithm - (2 * log(t) - t**2)).expand() == 0
    assert leading.constant == 3


def test_functions_that_are_not_known_at_infinity() -> None:
    with pytest.raises(UndecidedError, match="gamma"):
        leading_term(gamma(t), t)


def test_infinite_phase() -> None:
    with pytest.raises(OscillatingError):
        leading_term(sin(t) * exp(-t) + cos(1 / t) * exp(-t), t)


def test_logarithm_of_a_negative_function() -> None:
    with pytest.raises(UndecidedError):
        leading_term(log(1 / t - 1), t)


def test_vanishes_knows_identities_from_small_numbers() -> None:
    assert vanishes(sinh(t) - (exp(t) - exp(-t)) / 2)
    assert vanishes(log(t**2 + t) - log(t) - log(t + 1))
    assert not vanishes(sinh(t) - (exp(t) - exp(-t)) / 2 + exp(-(t**3)))
    assert not vanishes(t / S(10) ** 300)


def test_sign_of_constants() -> None:
    assert sign_of(sqrt(2) + sqrt(3) - sqrt(5 + 2 * sqrt(6)) + 1) == 1
    assert sign_of(sqrt(2) + sqrt(3) - sqrt(5 + 2 * sqrt(6))) == 0
    assert sign_of(sin(1) ** 2 + cos(1) ** 2 - 1) == 0
    assert sign_of(-a) == -1
    with pytest.raises(UndecidedError):
        sign_of(Symbol("b", real=True))
    with pytest.raises(UndecidedError):
        sign_of(log(S(-2)))


def test_a_trigonometric_sum_whose_sines_do_not_count() -> None:
    parts = trigonometric_sum(1 / t + sin(t) / t**2, t)
    assert parts is not None
    assert parts.leading is not None
    assert parts.leading.expression == 1 / t


def test_a_trigonometric_sum_whose_sines_count() -> None:
    parts = trigonometric_sum(1 / t + sin(t) ** 2 / t, t)
    assert parts is not None
    assert parts.leading is None
    assert parts.limit == 0
    assert set(parts.dominant) == {S.One, cos(t) ** 2}  # (2 - cos(t)**2)/t
    assert parts.dominant[cos(t) ** 2] / parts.dominant[S.One] == Rational(-1, 2)


def test_bounded_functions_of_sines_are_split_off() -> None:
    parts = trigonometric_sum(exp(-t - sin(t)) / (2 + cos(t)) + exp(-2 * t), t)
    assert parts is not None
    assert set(parts.dominant) == {exp(-sin(t)) / (2 + cos(t))}
    assert parts.limit == 0


@pytest.mark.parametrize(
    "expression", [1 / (1 + sin(t)), 1 / (2 + t * sin(t)), tanh(t + sin(t)), log(2 + sin(t))], ids=str
)
def test_what_may_be_unbounded_or_does_not_split_is_no_trigonometric_sum(expression: Expr) -> None:
    assert trigonometric_sum(expression, t) is None
