"""The inputs on which programs are scored: beside roots too, where formulas lose their digits."""

from fractions import Fraction

import numpy as np
import pytest
from sympy import Symbol, exp

from symact import catalog
from symact.activation import Activation
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.program import Builder
from symact.kernel.search.score import Sample, beside_roots, cost, inputs
from symact.oracle import Oracle
from symact.oracle.formats import FORMATS
from symact.symbolic.derivatives import derive

#: The root of silu', from mpmath with 30 digits.
ROOT = Fraction("1.27846454276107379510935873902")


def slope_of_silu() -> Oracle:
    entry = catalog.get("silu")
    return Oracle(derive(entry).first.subs(entry.values))


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_a_root_is_closed_in_upon(name: str) -> None:
    """Both neighbours of the root are there, and points at all distances on both sides."""
    format = FORMATS[name]
    found = beside_roots(slope_of_silu(), format, np.array([0.5, 1.0, 2.0, 5.0], format.dtype), -1)
    left = np.array([Fraction(t) < ROOT for t in found.tolist()])
    below, above = found[left], found[~left]
    neighbour = format.from_ordinals(format.ordinals(below[-1:]) + 1)
    assert neighbour == above[0]
    distances = np.floor(np.log2([float(Fraction(t) - ROOT) for t in above.tolist()]))
    assert len(set(distances)) > format.precision - 4


def test_a_function_without_roots_has_none() -> None:
    activation = Activation("custom", lambda x: 1 / (1 + exp(-x)))
    oracle = Oracle(derive(activation).function)
    assert len(beside_roots(oracle, FORMATS["float32"], np.array([0.5, 1.0, 2.0], np.float32), 1)) == 0


def test_inputs_are_the_same_every_time_and_inside() -> None:
    first, second = (inputs(0.25, 8.0, np.float32, seed=3) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.dtype == np.float32
    assert first[0] > 0.25
    assert first[-1] < 8
    assert np.all(np.diff(first) > 0)


def test_a_wide_program_is_scored_before_the_last_rounding_and_may_overflow_there() -> None:
    """2x: in float64 exact, so the error is 0 and no half; 1e39 is the infinity that rounding to float32 gives."""
    x = Symbol("x", real=True)
    oracle = Oracle(derive(Activation("custom", lambda _: 2 * x + x / 2**30)).function)
    sample = Sample.of(ARITHMETICS["wide"], oracle, np.array([1.0, 3e38, -3e38], np.float32), {})
    b = Builder()
    step = b("mul", b.input("x"), b.const("2147483649/1073741824"))
    assert sample.errors(b.kernel("forward", ["x"], [], {"y": step})).max() < 2.0**-10


def test_elementary_functions_cost_what_their_programs_do() -> None:
    b = Builder()
    one = b.kernel("forward", ["x"], [], {"y": b("exp", b.input("x"))})
    assert cost(one, ARITHMETICS["wide"]) < cost(one, ARITHMETICS["paired"])
    assert cost(one, ARITHMETICS["float32"]) < cost(one, ARITHMETICS["float64"])
    assert cost(one, ARITHMETICS["float32"]) > 20


def test_an_exact_root_has_to_be_met_with_fused_products_too() -> None:
    """hardswish' is 0 at -1.5: 1/2 - t/3 is 2**-55 there where the product is not rounded, (3 - 2t)/6 is 0."""
    oracle = Oracle(derive(catalog.get("hardswish")).first)
    wide = ARITHMETICS["wide"]
    sample = Sample.of(wide, oracle, np.array([-1.5, -1.25, -2.0], np.float32), {})
    b = Builder()
    t = b("abs", b.input("x"))
    rounded = b.kernel("derivative", ["x"], [], {"dydx": b("sub", b.const(0.5), b("mul", b.const(Fraction(1, 3)), t))})
    b = Builder()
    t = b("abs", b.input("x"))
    difference = b("sub", b.const(3), b("mul", b.const(2), t))
    exact = b.kernel("derivative", ["x"], [], {"dydx": b("mul", b.const(Fraction(1, 6)), difference)})
    assert np.isinf(sample.errors(rounded)).tolist() == [True, False, False]
    assert sample.errors(exact).max() < 2**-20


def test_the_sign_of_a_zero_has_to_be_right_with_functions_that_underflow() -> None:
    """(1 - t)*exp(-t) is -0 at t = 1000; exp(-t) - t*exp(-t) is +0 there where exp(-t) is 0, as NumPy's is."""
    x = Symbol("x", real=True)
    oracle = Oracle(derive(Activation("custom", lambda _: (1 - x) * exp(-x))).function)
    sample = Sample.of(ARITHMETICS["wide"], oracle, np.array([0.5, 1000.0], np.float32), {})
    b = Builder()
    t = b.input("x")
    small = b("exp", b("neg", t))
    product = b.kernel("forward", ["x"], [], {"y": b("mul", b("sub", b.const(1), t), small)})
    b = Builder()
    t = b.input("x")
    small = b("exp", b("neg", t))
    difference = b.kernel("forward", ["x"], [], {"y": b("sub", small, b("mul", t, small))})
    assert np.isinf(sample.errors(product)).tolist() == [False, False]
    assert np.isinf(sample.errors(difference)).tolist() == [False, True]


def test_what_is_rounded_to_0_has_to_have_its_sign_before() -> None:
    """-exp(-x) is -0 in float32 at x = 200, for which 1e-300 is +0."""
    x = Symbol("x", real=True)
    oracle = Oracle(derive(Activation("custom", lambda _: -exp(-x))).function)
    sample = Sample.of(ARITHMETICS["wide"], oracle, np.array([200.0], np.float32), {})
    for value, error in ((Fraction(1, 10**300), np.inf), (Fraction(-1, 10**300), 0.0)):
        b = Builder()
        b.input("x")
        assert sample.errors(b.kernel("forward", ["x"], [], {"y": b.const(value)})).round(3).tolist() == [error]


def test_in_float32_a_normal_result_has_to_stand_that_subnormal_steps_are_0() -> None:
    """tanh' = 4 exp(-2t)/(1 + exp(-2t))**2 is normal at t = 44, where exp(-2t) is not."""
    oracle = Oracle(derive(catalog.get("tanh")).first)
    sample = Sample.of(ARITHMETICS["float32"], oracle, np.array([1.0, 44.0], np.float32), {})
    b = Builder()
    small = b("decay", b("mul", b.const(2), b.input("x")))
    whole = b("add", small, b.const(1))
    slope = b("div", b("mul", b.const(4), small), b("mul", whole, whole))
    flushed = sample.errors(b.kernel("derivative", ["x"], [], {"dydx": slope}))
    b = Builder()
    small = b("decay", b.input("x"))
    root = b("div", b("mul", b.const(2), small), b("add", b("mul", small, small), b.const(1)))
    halves = sample.errors(b.kernel("derivative", ["x"], [], {"dydx": b("mul", root, root)}))
    assert flushed[0] < 8
    assert flushed[1] > 10**6
    assert halves.max() < 8
