"""Low parts that results can do without are left out, and no others."""

import numpy as np
import pytest
from sympy import Symbol, exp, tanh

from symact import catalog, load
from symact.activation import Activation
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder
from symact.kernel.search.line import Line
from symact.kernel.search.passes import PassSearch
from symact.kernel.search.sampling import Sampling
from symact.kernel.search.score import cost
from symact.kernel.search.trimming import Trimming
from symact.kernel.settings import oracles_of
from symact.oracle import Oracle
from symact.symbolic.derivatives import derive

x = Symbol("x", real=True)

PAIRED = ARITHMETICS["paired"]


def trimmed(expression, kernel):
    activation = Activation("custom", lambda _: expression)
    branches = derive(activation).function
    line = Line(activation, branches)
    sampling = Sampling(line, PAIRED, oracles_of(activation, branches))
    return Trimming(line, PAIRED, sampling, many=(3000, 2000, 1000)).trimmed(kernel)


def written(build):
    b = Builder()
    return b.kernel("forward", ["x"], [], {"y": build(b, b.input("x"))})


def test_a_sum_goes_where_its_second_term_never_shows():
    """x + x*2^-60 is x to the last digit."""
    kernel, error = trimmed(x, written(lambda b, v: b("add", v, b("mul", v, b.const(f"1/{2**60}")))))
    assert kernel == written(lambda b, v: v)
    assert error == 0


def test_a_sum_stays_where_its_second_term_shows_at_one_place_only():
    """x + exp(-x^2) is x on nearly all of the line."""
    kernel = written(lambda b, v: b("add", v, b("bell", v)))
    assert trimmed(x + exp(-(x**2)), kernel)[0] == kernel


def test_what_shows_at_minus_0_alone_stays():
    """x + 0 is x everywhere else."""
    kernel = written(lambda b, v: b("add", v, b.const(0)))
    assert trimmed(x, kernel)[0] == kernel


def test_what_has_become_a_difference_of_the_same_goes_too():
    """((u + u*2^-60) - u) + x: of the inner sum u is left, of u - u 0, and a sum with 0 stays, which makes 0 of -0."""

    def build(b, v):
        u = b("min", b("abs", v), b.const(1))
        return b("add", b("sub", b("add", u, b("mul", u, b.const(f"1/{2**60}"))), u), v)

    assert trimmed(x, written(build))[0] == written(lambda b, v: b("add", b.const(0), v))


def test_a_product_goes_where_its_factor_never_shows():
    """x*(1 + 2^-54) is x, for the factor is 1 when it is rounded."""
    kernel = written(lambda b, v: b("mul", v, b("add", b.const(1), b.const(f"1/{2**54}"))))
    assert trimmed(x, kernel)[0] == written(lambda b, v: v)


def test_a_zero_keeps_its_sign_where_compilers_move_a_sign_into_a_sum():
    """f of hardswish is x/2 about 0; GCC's (-a)*c - d for -(a*c + d) was +0 at the smallest x < 0."""
    y = load(catalog.get("hardswish"), "c", "float64").forward(np.full(64, -5e-324))
    assert (y == 0).all()
    assert np.signbit(y).all()


@pytest.mark.parametrize("expression", [tanh(x), x / (1 + exp(-x))])
def test_f_in_pairs_takes_less_and_stays_within_2_ulp_on_other_inputs(expression):
    activation = Activation("custom", lambda _: expression)
    branches = derive(activation).function
    kernel, _ = PassSearch(activation, branches, PAIRED).kernel("forward", "y")
    shorter, _ = trimmed(expression, kernel)
    assert cost(shorter, PAIRED) < 0.9 * cost(kernel, PAIRED)
    points = np.random.default_rng(99).uniform(-40, 40, 20_000)
    errors = Oracle(branches).reference(points, "float64").errors(evaluate(shorter, {"x": points}, PAIRED)["y"])
    assert errors.max() <= 2


def test_results_just_below_a_power_of_two_are_good():
    """f of mish was 2.08 ULP off below 1/8, where an ULP is least, at one input in a hundred thousand of these."""
    points = np.random.default_rng(1).uniform(0.1884, 0.1893, 50_000)
    got = load(catalog.get("mish"), "c", "float64").forward(points)
    errors = Oracle(derive(catalog.get("mish")).function).reference(points, "float64").errors(got)
    assert errors.max() <= 1.75


def test_the_record_says_what_was_left_out():
    activation = Activation("custom", lambda _: x / (1 + x**2))
    search = PassSearch(activation, derive(activation).function, PAIRED)
    found = search.kernel("forward", "y")
    kernel, record = search.trimmed(found)
    assert cost(kernel, PAIRED) < cost(found[0], PAIRED)
    assert record[-1]["rule"] == "low parts left out"
