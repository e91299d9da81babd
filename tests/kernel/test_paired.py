"""From forms to steps in pairs: what is shared, what is saved, and where the largest numbers need care."""

import math

import mpmath
import numpy as np
import pytest
from sympy import S, Symbol, exp, log, pi, sqrt

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.paired import PairedLowering
from symact.kernel.program import Builder
from symact.kernel.rewrite import erfcx, gauss

PAIRED = ARITHMETICS["paired"]

t, E = Symbol("t", positive=True), Symbol("E", positive=True)


def written(expression, where=None, scaled=False, capped=False):
    b = Builder()
    lower = PairedLowering(b, {t: b.input("x")}, where or {}, scaled)
    if capped:
        lower.cap(t)
    return b.kernel("piece", ["x"], [], {"y": lower(expression)})


def at(kernel, *points):
    return evaluate(kernel, {"x": np.array(points)}, PAIRED)["y"].tolist()


def operations(kernel):
    return [step.operation for step in kernel.instructions]


def within_an_ulp(found, exact):
    return abs(mpmath.mpf(found) - exact) <= math.ulp(float(exact))


def test_a_scaled_quotient_keeps_its_digits_up_to_the_largest_number():
    expression = 1 / ((1 + t) * (1 + log(1 + t)) ** 2)
    points = (0.3, 1e200, 1e300, 1.7e308)
    with mpmath.workdps(60):
        exact = [1 / ((1 + mpmath.mpf(x)) * (1 + mpmath.log1p(x)) ** 2) for x in points]
    assert all(map(within_an_ulp, at(written(expression, scaled=True), *points), exact))
    assert not within_an_ulp(at(written(expression), points[-1])[0], exact[-1])
    assert operations(written(expression, scaled=True)).count("div") == operations(written(expression)).count("div")


def test_a_divisor_that_is_known_to_be_large_is_made_smaller_without_a_choice():
    assert "select" not in operations(written(1 / (1 + t), scaled=True))
    assert "select" in operations(written(1 / (t * log(1 + t)), scaled=True))


@pytest.mark.parametrize("number", [1, 2])
def test_a_quotient_by_an_exponential_keeps_its_tail_to_the_smallest_number(number):
    kernel = written(t / (number + exp(t)))
    points = (5e-324, 0.3, 36.8, 700.0, 709.5, 715.0, 740.0, 751.0)
    with mpmath.workdps(60):
        exact = [mpmath.mpf(x) / (number + mpmath.exp(mpmath.mpf(x))) for x in points]
    found = at(kernel, *points)
    assert all(abs(got - value) <= 0.75 * math.ulp(float(value)) for got, value in zip(found, exact, strict=True))
    assert at(kernel, 770.0, 1e4, 1e300, math.inf) == [0.0] * 4
    assert math.isnan(at(kernel, math.nan)[0])
    assert operations(kernel).count("div") == 1
    assert "select" not in operations(kernel)


def test_a_quotient_of_a_number_by_an_exponential_is_good_on_both_sides():
    points = (-1e308, -800.0, -40.0, -0.5, 0.0, 0.5, 40.0, 740.0)
    x = Symbol("x", real=True)
    b = Builder()
    step = PairedLowering(b, {x: b.input("x")}, {})(3 / (2 + exp(x)))
    found = at(b.kernel("piece", ["x"], [], {"y": step}), *points)
    with mpmath.workdps(60):
        exact = [3 / (2 + mpmath.exp(mpmath.mpf(point))) for point in points]
    assert all(map(within_an_ulp, found, exact))


def test_a_small_number_beside_an_exponential_is_not_lost():
    x = Symbol("x", real=True)
    b = Builder()
    step = PairedLowering(b, {x: b.input("x")}, {})(1 / (S(10) ** -200 + exp(x)))
    found = at(b.kernel("piece", ["x"], [], {"y": step}), -500.0, -461.0, -400.0)
    with mpmath.workdps(60):
        exact = [1 / (mpmath.mpf(10) ** -200 + mpmath.exp(mpmath.mpf(point))) for point in (-500, -461, -400)]
    assert all(map(within_an_ulp, found, exact))


def test_what_multiplies_a_decayed_exponential_is_no_infinity():
    where = {E: gauss(t)}
    kernel = written(t * E / (1 + t), where, capped=True)
    assert at(kernel, 46.5, 1e300, math.inf) == [0.0] * 3
    assert math.isnan(at(written(t * E / (1 + t), where), math.inf)[0])
    assert operations(kernel).count("min") == 1
    with mpmath.workdps(60):
        exact = [x * mpmath.exp(-(mpmath.mpf(x) ** 2) / 2) / (1 + mpmath.mpf(x)) for x in (0.7, 37.7, 38.4)]
    assert all(map(within_an_ulp, at(kernel, 0.7, 37.7, 38.4), exact))


def test_where_parameters_say_when_an_exponential_is_0_a_number_stands_for_infinity():
    p = Symbol("p", positive=True)
    b = Builder()
    lower = PairedLowering(b, {t: b.input("x"), p: b.parameter("p")}, {E: exp(-p * t)})
    lower.cap(t)
    kernel = b.kernel("piece", ["x"], ["p"], {"y": lower(t * E)})
    values = {"x": np.array([1e5, math.inf]), "p": np.array([1e-4, 1e-4])}
    first, last = evaluate(kernel, values, PAIRED)["y"].tolist()
    with mpmath.workdps(60):
        assert within_an_ulp(first, 1e5 * mpmath.exp(-mpmath.mpf(1e5) * mpmath.mpf(1e-4)))
    assert last == 0.0


def test_what_is_taken_away_together_is_the_sum_that_is_there_already():
    """t - 1 - E and 1 + E."""
    where = {E: exp(-t)}
    kernel = written((t - 1 - E) / (1 + E), where)
    apart = len(written(t - 1 - E, where).instructions) + len(written(1 / (1 + E), where).instructions)
    assert len(kernel.instructions) < apart - len(written(1 + E, where).instructions) + 8
    with mpmath.workdps(60):
        exact = (5 - 1 - mpmath.exp(-5)) / (1 + mpmath.exp(-5))
    assert within_an_ulp(at(kernel, 5.0)[0], exact)


def test_a_number_goes_into_a_sum_where_fewer_products_are_left():
    """(t*sqrt(2) - E*sqrt(pi))/(2*sqrt(pi)) is t/sqrt(2*pi) - E/2."""
    where = {E: exp(-t)}
    kernel = written((sqrt(2) * t - sqrt(pi) * E) / (2 * sqrt(pi)), where)
    assert operations(kernel).count("product_error") == 1
    assert "div" not in operations(kernel)
    with mpmath.workdps(60):
        exact = mpmath.mpf(3.7) / mpmath.sqrt(2 * mpmath.pi) - mpmath.exp(-mpmath.mpf(3.7)) / 2
    assert within_an_ulp(at(kernel, 3.7)[0], exact)


@pytest.mark.parametrize("x", [0.0, 0.7, 5.0, 1e9])
def test_erfcx_of_a_number_over_the_root_of_2_needs_no_product_before(x):
    kernel = written(erfcx(sqrt(2) * t / 2))
    assert len(kernel.instructions) <= len(written(erfcx(t)).instructions)
    with mpmath.workdps(60):
        a = mpmath.mpf(x) / mpmath.sqrt(2)
        exact = mpmath.exp(a * a) * mpmath.erfc(a) if x < 100 else 1 / (a * mpmath.sqrt(mpmath.pi))
    assert within_an_ulp(at(kernel, x)[0], exact)
