"""Enclosures contain the truth, and nothing is called equal without proof."""

import mpmath
import pytest
from flint import arb, ctx
from sympy import Rational, Symbol, atan, erf, exp, log, oo, pi, sqrt, tanh

from symact.analysis.numbers import Number, UndecidedError, evaluator, is_zero, recognised
from symact.analysis.record import Enclosure

x = Symbol("x", real=True)


@pytest.mark.parametrize(
    ("expression", "true"),
    [
        (exp(-(x**2) / 2), lambda t: mpmath.exp(-t * t / 2)),
        (tanh(x) * log(1 + x**2), lambda t: mpmath.tanh(t) * mpmath.log(1 + t * t)),
        (atan(x) / pi + Rational(1, 2), lambda t: mpmath.atan(t) / mpmath.pi + mpmath.mpf(1) / 2),
        (erf(x / sqrt(2)), lambda t: mpmath.erf(t / mpmath.sqrt(2))),
        (1 / sqrt(1 + x**2), lambda t: 1 / mpmath.sqrt(1 + t * t)),
    ],
)
@pytest.mark.parametrize("at", ["-3.5", "0.25", "17"])
def test_the_evaluator_encloses_what_mpmath_gives(expression, true, at):
    with ctx.workprec(200), mpmath.workdps(80):
        ball = evaluator(expression, x)(arb(at))
        second = arb(mpmath.nstr(true(mpmath.mpf(at)), 75))
        assert abs(ball - second) < arb(10) ** -50


def test_order_is_proved_or_not_claimed():
    third = Number.of(Rational(1, 3))
    assert third.compare(Number.of(Rational(333333333, 10**9))) == 1
    assert Number.of(-oo).compare(third) == -1
    assert Number.of(oo).compare(Number.of(oo)) == 0
    assert Number.of(log(4)).compare(Number.of(2 * log(2))) == 0
    with pytest.raises(UndecidedError):
        Number(third.ball).compare(third)


def test_zero_is_proved():
    assert is_zero(sqrt(2) * sqrt(3) - sqrt(6))
    assert is_zero(log(1 + exp(4)) - 4 - log(1 + exp(-4)))
    assert not is_zero(exp(pi * sqrt(163)) - 640320**3 - 744)


def test_a_simple_root_is_recognised_only_when_it_is_one():
    with ctx.workprec(256):
        near_log2 = arb(2).log() + arb(0, 1e-40)
        beside = arb(2).log() + arb(10) ** -30 + arb(0, 1e-40)
    assert recognised(near_log2, lambda guess: is_zero(exp(guess) - 2)).exact == log(2)
    assert recognised(beside, lambda guess: True).exact is None


def test_shown_digits_lie_within_the_radius():
    with ctx.workprec(256):
        value = arb(2).sqrt() / 3
    shown = Number(value).shown
    assert isinstance(shown, Enclosure)
    with mpmath.workdps(50):
        true = mpmath.sqrt(2) / 3
        assert abs(mpmath.mpf(repr(shown.value)) - true) <= shown.radius
        assert abs(mpmath.mpf(shown.value) - true) <= shown.radius
    assert 0 < shown.radius < 1e-14
    assert len(repr(shown.value).lstrip("0.")) <= 15
    assert Number.of(Rational(1, 4)).shown == "1/4"
