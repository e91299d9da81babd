"""Programs for the parameters' defaults alone give what the general ones give there."""

import numpy as np
import pytest

from symact import catalog
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.defaults import at_defaults
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder
from symact.kernel.store import compiled

FAST = ARITHMETICS["fast"]

#: What has a product with a parameter of 1 whose rounding is put right, or a quotient.
SAVING = {"silu": {"beta": "1"}, "softplus": {"beta": "1"}, "celu": {"alpha": "1"}}


def operations(kernel):
    return [step.operation for step in kernel.instructions]


@pytest.mark.parametrize("name", SAVING)
@pytest.mark.parametrize("pass_", ["forward", "derivative", "value_and_derivative", "backward"])
def test_results_are_those_of_the_general_program(name, pass_):
    general = compiled(catalog.get(name)).programs["fast"][pass_]
    special = at_defaults(general, SAVING[name])
    if special is None:
        assert (name, pass_) in (("celu", "derivative"), ("celu", "backward"))
        return
    size = 10.0 ** np.random.default_rng(3).uniform(-44, 38, 2000)
    near = np.linspace(-110, 110, 2001)
    x = np.concatenate([size, -size, near, [0.0, -0.0, np.inf, -np.inf, np.nan]]).astype(np.float32)
    values = {"x": x, "grad_y": np.full_like(x, 0.75)}
    parameters = {parameter: np.float32(value) for parameter, value in SAVING[name].items()}
    expected = evaluate(general, values | parameters, FAST)
    found = evaluate(special, values, FAST)
    for output in expected:
        np.testing.assert_array_equal(found[output], expected[output])
        there = ~np.isnan(x)
        np.testing.assert_array_equal(np.signbit(found[output][there]), np.signbit(expected[output][there]))


def test_a_parameter_of_1_leaves_no_error_of_a_product():
    special = at_defaults(compiled(catalog.get("silu")).programs["fast"]["forward"], SAVING["silu"])
    assert special.parameters == ()
    assert not {"parameter", "product_error"} & set(operations(special))


def test_another_power_of_two_leaves_the_product_alone():
    b = Builder()
    x, p = b.input("x"), b.parameter("p")
    product = b("mul", x, p)
    kernel = b.kernel("f", ["x"], ["p"], {"y": b("add", product, b("product_error", x, p, product))})
    assert operations(at_defaults(kernel, {"p": "1/4"})) == ["input", "const", "mul"]
    assert at_defaults(kernel, {"p": "1/3"}) is None


def test_a_choice_of_the_smaller_one_is_a_minimum_once_no_error_goes_with_it():
    """And NaN, for which a comparison is false, stays NaN."""
    b = Builder()
    x, p, end, zero = b.input("x"), b.parameter("p"), b.const(9), b.const(0)
    product = b("mul", p, x)
    inside = b("lt", product, end)
    error = b("select", inside, b("product_error", p, x, product), zero)
    kernel = b.kernel("f", ["x"], ["p"], {"y": b("add", b("select", inside, product, end), error)})
    special = at_defaults(kernel, {"p": "1"})
    assert operations(special) == ["input", "const", "min"]
    values = {"x": np.array([4, 12, np.nan], np.float32)}
    np.testing.assert_array_equal(evaluate(special, values, FAST)["y"], np.array([4, 9, np.nan], np.float32))


def test_what_saves_only_a_product_is_not_worth_its_code():
    b = Builder()
    kernel = b.kernel("f", ["x"], ["p"], {"y": b("mul", b.input("x"), b.parameter("p"))})
    assert at_defaults(kernel, {"p": "1"}) is None
