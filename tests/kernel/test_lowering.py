"""Quick styles of lowering: quotients that do not overflow early, and exponentials in two factors."""

import numpy as np
import pytest
from sympy import Symbol, exp

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.lowering import Lowering, Style
from symact.kernel.program import Builder

FAST = ARITHMETICS["fast"]

t, E = Symbol("t", positive=True), Symbol("E", positive=True)


def written(expression, where=None, **style):
    b = Builder()
    step = Lowering(b, {t: b.input("x")}, where or {}, Style(quick=True, **style), FAST)(expression)
    return b.kernel("piece", ["x"], [], {"y": step})


def at(kernel, x):
    return evaluate(kernel, {"x": np.asarray(x, np.float32)}, FAST)["y"]


@pytest.mark.parametrize(
    ("expression", "function"),
    [(1 / (1 + t) ** 2, lambda a: 1 / (1 + a) ** 2), (1 / (1 + t**2), lambda a: 1 / (1 + a**2))],
    ids=["square of 1 + t", "1 + square of t"],
)
def test_one_quotient_reaches_the_last_subnormal_numbers_when_scaled(expression, function):
    """(1 + t)^2 overflows from 1.8e19 on, where the quotient is 3e-39."""
    kernel = written(expression, scaled=True)
    points = np.array([0.0, 1e-10, 1.0, 1e10, 3e19, 1e21, 2e22, 1e30, np.inf], np.float32)
    np.testing.assert_array_max_ulp(at(kernel, points), function(points.astype(np.float64)).astype(np.float32), 2)
    assert [step.operation for step in kernel.instructions].count("div") == 1
    assert at(written(expression), 3e19) == 0


def error(kernel, exact, x):
    """The largest one in units of the last place."""
    value = exact(x.astype(np.float64))
    return np.abs((at(kernel, x) - value) / np.spacing(value.astype(np.float32))).max()


def test_a_product_with_an_exponential_in_two_factors_is_rounded_once():
    x = np.random.default_rng(5).uniform(0.5, 80, 20_000).astype(np.float32)
    one, two = (
        error(written(t * E, {E: exp(-t)}, lifted=True, apart=apart), lambda a: a * np.exp(-a), x)
        for apart in (False, True)
    )
    assert two < 1.5 < one < 2.5


@pytest.mark.parametrize("apart", [False, True])
def test_the_rounding_of_an_exponent_is_put_right_in_both_factors(apart):
    """0.3*t is off by up to half a unit of 90's last place: 2^-19, or 32 units of the result's."""
    x = np.random.default_rng(6).uniform(0.5, 280, 20_000).astype(np.float32)
    kernel = written(t * E, {E: exp(-t * 0.3)}, lifted=True, apart=apart, exact=True)
    assert error(kernel, lambda a: a * np.exp(-0.3 * a), x) < 3


def test_a_tail_that_a_large_factor_brings_back_keeps_its_digits():
    """t*exp(-t/2^20) is 1e-36 where the exponential alone is 1e-44."""
    x = np.array([105e6], np.float32)
    kernel = written(t * E, {E: exp(-t / 2**20)}, lifted=True)
    assert error(kernel, lambda a: a * np.exp(-a / 2**20), x) < 2


def test_a_factor_of_1_and_more_below_is_added_to_the_rest_of_it():
    """p*(1 + t) as p*t + p: one rounding where products are fused with sums, and one step less."""
    kernel = written(1 / ((1 + t) * (3 + t * E) ** 2), {E: exp(-t)})
    *_, total, _ = kernel.instructions
    assert total.operation == "add"
    product = kernel.instructions[total.operands[0]]
    assert product.operation == "mul"
    assert total.operands[1] in product.operands
    x = np.random.default_rng(7).uniform(0, 9, 1000).astype(np.float32)
    assert error(kernel, lambda a: 1 / ((1 + a) * (3 + a * np.exp(-a)) ** 2), x) < 4
