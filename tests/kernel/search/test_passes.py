"""The search: naive text comes out stable, deterministic, right at the ends of the line."""

import json
import math
from importlib.resources import files

import mpmath
import numpy as np
import pytest
from sympy import Abs, Max, Piecewise, Rational, Symbol, atan, cos, exp, log, sqrt, tanh

from symact import catalog
from symact.activation import Activation
from symact.errors import Error
from symact.grammar import parse
from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder
from symact.kernel.search.ends import LineEnds
from symact.kernel.search.line import Line
from symact.kernel.search.mixed import HOPEFUL
from symact.kernel.search.passes import PassSearch
from symact.kernel.store import compiled, search
from symact.oracle import Oracle
from symact.symbolic.derivatives import derive

x = Symbol("x", real=True)

FLOAT64, PAIRED = ARITHMETICS["float64"], ARITHMETICS["paired"]


def forward(expression):
    activation = Activation("custom", lambda _: expression)
    return PassSearch(activation, derive(activation).function, FLOAT64).kernel("forward", "y")[0]


def derivative(expression):
    activation = Activation("custom", lambda _: expression)
    return PassSearch(activation, derive(activation).first, FLOAT64).kernel("derivative", "dydx")[0]


def at(kernel, *points):
    (values,) = evaluate(kernel, {"x": np.array(points)}).values()
    return values.tolist()


def test_softplus_typed_naively_neither_overflows_nor_stops_early():
    got = at(forward(log(1 + exp(x))), 1000.0, -700.0, 0.0)
    assert got == pytest.approx([1000.0, 9.859676543759770e-305, 0.693147180559945], rel=1e-14)


def test_derivative_of_tanh_keeps_its_tail():
    """4*exp(-2*20) = 1.699e-17 where 1 - tanh(20)**2 is 0 in double precision."""
    assert at(derivative(tanh(x)), 20.0, -20.0) == pytest.approx([1.6993417021166355e-17] * 2, rel=1e-14)


def test_mish_typed_naively_is_right_in_both_tails():
    """x*exp(x)*(1 + exp(x)/2 + ...) on the left; x - 2*x*exp(-2*x) on the right."""
    got = at(forward(x * tanh(log(1 + exp(x)))), -50.0, 700.0)
    assert got == pytest.approx([-50.0 * np.exp(-50.0), 700.0], rel=1e-14)


def test_algebraic_sigmoid_reaches_its_limit():
    """x/sqrt(1 + x**2) overflows at 1e200 as it is written."""
    assert at(forward(x / sqrt(1 + x**2)), 1e200, -1e308, np.inf, -np.inf) == [1.0, -1.0, 1.0, -1.0]


def test_tail_of_a_product_with_an_exponential_goes_through_the_subnormals():
    """silu'(-740) = -739*exp(-740)*(1 + tiny), a subnormal times 739."""
    got = at(derivative(x / (1 + exp(-x))), -720.0)
    assert got == pytest.approx([-719.0 * np.exp(-360.0) * np.exp(-360.0)], rel=1e-12)


def test_odd_functions_keep_the_sign_of_zero():
    got = at(forward(x / (1 + Abs(x))), 0.0, -0.0)
    assert [np.signbit(v) for v in got] == [False, True]


def test_zero_times_infinity_does_not_occur():
    kernel = forward(x / (1 + exp(-x)))
    assert at(kernel, np.inf, -np.inf) == [np.inf, 0.0]
    assert np.signbit(at(kernel, -np.inf)[0])


@pytest.mark.parametrize("expression", [Max(x, 0), Piecewise((1, x > 0), (0, True)), Max(0, 1 - Abs(x))], ids=str)
def test_nan_is_kept_even_by_constants(expression):
    assert np.isnan(at(forward(expression), np.nan, -np.nan)).all()


def test_kink_has_the_same_slope_at_both_zeros():
    assert at(derivative(Max(x, 0)), 0.0, -0.0, 5e-324) == [0.0, 0.0, 1.0]


def test_jump_takes_the_definitions_value():
    step = forward(Piecewise((1, x >= 2), (0, True)))
    assert at(step, 2.0, np.nextafter(2.0, 0.0), 3.0) == [1.0, 0.0, 1.0]


def test_limit_that_does_not_exist_is_nan():
    from sympy import sin

    assert np.isnan(at(forward(sin(x)), np.inf, -np.inf)).all()


def test_function_without_an_operation_is_an_error():
    from sympy import LambertW

    with pytest.raises(Error, match="there is no kernel for LambertW"):
        forward(LambertW(exp(x)))


@pytest.mark.parametrize("text", ["x**3", "abs(x)**1.5", "(1 + abs(x))**0.3", "x*(1 + x**2)**0.25"])
def test_powers_have_programs_for_all_digits(text):
    """What pairs of numbers have no power for is computed by single ones."""
    kernel = search(parse(text), ["mixed"])[0].programs["mixed"]["forward"]
    wanted = {"x**3": lambda v: v**3, "abs(x)**1.5": lambda v: abs(v) ** 1.5}.get(text)
    if wanted is not None:
        np.testing.assert_allclose(at(kernel, -2.5, 0.75, 9.0), [wanted(v) for v in (-2.5, 0.75, 9.0)], rtol=5e-16)
    assert np.isfinite(at(kernel, -2.5, 0.75, 9.0)).all()


@pytest.mark.parametrize(
    ("text", "value"), [("tanh(k*x)", -3), ("k*x", -1), ("abs(x) - k", -1), ("atan(k*x)", -2), ("max(0, x - k)", 2.5)]
)
def test_parameters_of_either_sign_have_programs(text, value):
    activation = catalog.resolve(text, {"k": value})
    found = search(activation, ["float32", "mixed"])[0]
    x = np.array([-2.5, -0.5, 0.25, 3.0])
    exact = Oracle(derive(activation).function.subs(activation.values)).rounded(x, "float64")
    (got,) = evaluate(found.programs["mixed"]["forward"], {"x": x, "k": value}, FLOAT64).values()
    np.testing.assert_allclose(got, exact, rtol=1e-15)


def test_a_limit_that_depends_on_a_parameters_sign_is_an_error():
    with pytest.raises(Error, match="a limit at infinity depends on the sign of a parameter"):
        search(catalog.resolve("x/(1 + exp(-k*x))", {"k": -1}), ["float64"])


def test_thresholds_between_which_a_format_has_no_number_are_an_error():
    with pytest.raises(Error, match="no number of float32 is between two thresholds"):
        search(parse("max(x, 1e300)"), ["float32"])


def test_same_definition_gives_the_same_programs():
    entry = catalog.get("softsign")
    assert search(entry) == search(entry)


def test_programs_do_not_depend_on_what_else_is_searched_for():
    """Arithmetics that are searched for together share the exact values, and silu has roots and tails to look for."""
    entry = catalog.get("silu")
    together = search(entry, ["float32", "wide"])[0].programs
    assert together["wide"] == search(entry, ["wide"])[0].programs["wide"]


def test_value_and_derivative_share_their_steps():
    kernels = compiled(catalog.get("softplus")).programs["float64"]
    apart = sum(len(kernels[name].instructions) for name in ("forward", "derivative"))
    assert len(kernels["value_and_derivative"].instructions) < apart - 4


def test_backward_multiplies_by_the_incoming_gradient():
    kernel = compiled(catalog.get("relu")).programs["float64"]["backward"]
    values = evaluate(kernel, {"x": np.array([1.0, -1.0, -1.0]), "grad_y": np.array([3.0, 3.0, np.inf])})
    np.testing.assert_array_equal(values["grad_x"], [3.0, 0.0, np.nan])


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda a: a.name)
def test_stored_programs_belong_to_the_definition(entry):
    stored = compiled(entry)
    assert stored.digest == entry.digest
    assert stored.definition == entry.definition
    assert [p.name for p in stored.parameters] == [p.name for p in entry.parameters]


@pytest.mark.parametrize("name", catalog.names())
def test_stored_programs_are_json_that_any_reader_takes(name):
    """Without Infinity or NaN, which Python alone writes."""
    text = files("symact.kernel").joinpath("programs", f"{name}.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=pytest.fail)


def test_values_in_force_become_the_kernels_defaults():
    changed = compiled(catalog.get("elu").with_values({"alpha": "0.5"}))
    assert [p.default for p in changed.parameters] == ["1/2"]


def test_values_at_breakpoints_are_the_definitions():
    """hardsigmoid' is 0, 1/6, 0 with the left limits at -3 and 3, so it is not even; relu6 ends in constants."""
    x = np.array([-3.0, np.nextafter(-3.0, 0.0), 3.0, np.nextafter(3.0, 4.0)])
    slope = evaluate(compiled(catalog.get("hardsigmoid")).programs["float64"]["derivative"], {"x": x})["dydx"]
    np.testing.assert_array_equal(slope, [0.0, 1 / 6, 1 / 6, 0.0])


@pytest.mark.parametrize(("pass_", "root"), [("forward", -3.0), ("derivative", -1.5)])
def test_exact_roots_are_positive_zeros(pass_, root):
    (value,) = evaluate(compiled(catalog.get("hardswish")).programs["float64"][pass_], {"x": np.array([root])}).values()
    assert (value[0], np.signbit(value[0])) == (0.0, False)


@pytest.mark.parametrize("text", ["x/(1 + x**2)", "-(x - 1)*(x - 2)/(1 + x**4)", "(1 - x**2)*(4 - x**2)/(1 + x**2)**3"])
def test_what_no_form_computes_well_is_at_least_finite_everywhere(text):
    """Roots on one side, and a tail that overflows as it is written, in float64 without pairs."""
    x = np.array([0.0, 1e-300, 1e-3, 1.0, 2.0, 5.0, 1e60, 1e200, 1.7e308, np.inf])
    values = np.concatenate([x, -x])
    programs = compiled(parse(text), ["float64"]).programs["float64"]
    for pass_ in ("forward", "derivative", "second_derivative"):
        (got,) = evaluate(programs[pass_], {"x": values}).values()
        assert np.isfinite(got).all(), pass_


def test_a_slope_in_pairs_is_right_where_products_have_no_error_any_more():
    """logsig' beyond 2^960: there it is divided by 1 + |x| in the end."""
    entry = catalog.get("logsig")
    oracle = Oracle(derive(entry).first)
    points = 2.0 ** np.random.default_rng(3).uniform(950, 1023.9, 3000)
    got = evaluate(compiled(entry).programs["paired"]["derivative"], {"x": points}, ARITHMETICS["paired"])["dydx"]
    errors = oracle.reference(points, "float64").errors(got)
    assert 0.5 < errors.max() <= 2


@pytest.mark.parametrize(("expression", "pairs"), [(log(1 + exp(x)), False), (x / (1 + Abs(x)), True)], ids=str)
def test_pairs_are_taken_where_single_numbers_are_not_good_enough(expression, pairs):
    """1/(1 + |x|)^2 is rounded four times, with sums and products of what is rounded already."""
    taken = "paired" if pairs else "float64"
    found, record = search(Activation("custom", lambda _: expression), [taken, "mixed"])
    assert record["mixed"]["derivative"] == taken
    assert found.programs["mixed"]["derivative"] == found.programs[taken]["derivative"]


def test_a_tail_inside_of_a_function_keeps_its_digits():
    """x*tanh(exp(x)) at -740 is x*exp(x), a subnormal exp times 740."""
    wanted = float(-740 * mpmath.exp(-740))
    assert at(forward(x * tanh(exp(x))), -740.0) == pytest.approx([wanted], rel=0, abs=10 * 5e-324)


def test_a_program_named_for_another_arithmetic_is_that_program():
    entry = catalog.get("relu")
    document = compiled(entry).to_dict()
    assert document["programs"]["paired"]["forward"] == "wide"
    assert compiled(entry).programs["paired"]["forward"] == compiled(entry).programs["wide"]["forward"]


@pytest.mark.parametrize(("expression", "limit"), [(x * tanh(exp(x)), 1.0), (log(x + sqrt(x**2 + 1)), 0.0)], ids=str)
def test_slopes_reach_their_limits(expression, limit):
    """exp(x) is infinite and 1 - tanh(exp(x))^2 is 0 long before."""
    assert at(derivative(expression), 1e100, 1.7e308, np.inf)[1:] == pytest.approx([limit, limit], abs=1e-307)


def test_logarithms_of_large_roots_do_not_overflow():
    got = at(forward(log(x + sqrt(x**2 + 1))), 1e200, 1.7e308)
    assert got == pytest.approx([float(mpmath.asinh(mpmath.mpf(v))) for v in (1e200, 1.7e308)], rel=1e-15)


def test_a_sign_that_every_sum_loses_is_put_on():
    """log((1 + exp(x))/2) = x/2 + x^2/8 at the smallest number below 0 is -0, and in pairs a sum of small parts."""
    programs = compiled(parse("log((1 + exp(x))/2)"), ["paired"]).programs["paired"]
    got = evaluate(programs["forward"], {"x": np.array([-5e-324, 5e-324])}, ARITHMETICS["paired"])["y"]
    assert got[0] == 0
    assert got[1] in (0, 5e-324)  # half of the smallest number, and a little more
    assert np.signbit(got).tolist() == [True, False]


def test_tanh_in_pairs_is_right_about_the_last_digit_of_1():
    """There tanh(t) is t, and 1 - 2E/(1 + E) with E = exp(-2t), a pair of 1 and a low part, is up to 2 units off."""
    points = 2.0 ** np.random.default_rng(4).uniform(-57, -50, 3000)
    program = compiled(catalog.get("tanh")).programs["paired"]["forward"]
    got = evaluate(program, {"x": points}, ARITHMETICS["paired"])["y"]
    assert (np.abs(got - points) <= np.spacing(points)).all()


@pytest.mark.parametrize(("name", "far"), [("silu", -0.0), ("gelu", -0.0), ("gelu_tanh", -0.0), ("softplus", 0.0)])
def test_quick_gates_are_a_ramp_and_one_form_for_both_sides(name, far):
    """f(x) = max(x, 0) + f(-|x|); where the second term underflows, the sum has the sign of that side."""
    quick = ARITHMETICS["fast"]
    kernel = compiled(catalog.get(name)).programs["fast"]["forward"]
    assert "max" in kernel.operations()
    assert sum(step.operation == "div" for step in kernel.instructions) <= 1
    x = np.array([-300.0, -np.inf, 300.0, np.inf, np.nan], np.float32)
    y = evaluate(kernel, {"x": x, **dict.fromkeys(kernel.parameters, 1.0)}, quick)["y"]
    np.testing.assert_array_equal(y, [far, far, 300.0, np.inf, np.nan])
    assert np.signbit(y[:2]).tolist() == [bool(np.signbit(far))] * 2


def test_relu_is_not_taken_for_a_ramp_with_nothing_added():
    assert "add" not in compiled(catalog.get("relu")).programs["fast"]["forward"].operations()


@pytest.mark.parametrize(
    ("text", "branches", "low", "high", "most"),
    [
        ("x*(1+x/sqrt(1+x**2))/2", "first", -0.78616, -0.78615, 1.75),
        ("x*erf(log(1+exp(x)))", "first", -1.1, -0.6, 2.0),
        ("(x+sqrt(x**2+4))/2", "first", -(2.0**30), -(2.0**25), 1.75),
        ("erf(x)-x*exp(-x**2)", "function", 0.9, 1.1, 1.75),
    ],
    ids=[
        "beside a root, where products are fused",
        "where no form is good",
        "where low parts come to their end",
        "where an expansion ends",
    ],
)
def test_pairs_are_within_2_ulp_also_where_digits_cancel(text, branches, low, high, most):
    """The search takes what is good to 3/2 on its samples, and to 13/8 on fresh inputs; kernels may be 2 ULP off.

    Where no form is good to 3/2, it takes the cheapest that is good to 2.
    """
    activation = parse(text)
    search_ = PassSearch(activation, getattr(derive(activation), branches), ARITHMETICS["paired"])
    kernel, _ = search_.kernel("pass", "y")
    root = float.fromhex("-0x1.92826ef258d1bp-1")
    points = np.concatenate([np.random.default_rng(6).uniform(low, high, 3000), root + np.arange(-40, 40) * 2.0**-53])
    reference = search_.oracles[0].reference(points, "float64")
    for fused in (False, True):
        got = evaluate(kernel, {"x": points}, ARITHMETICS["paired"], fused=fused)["y"]
        assert reference.errors(got).max() < most, fused


@pytest.mark.parametrize(("text", "hopeful"), [("log(1+exp(x))", True), ("x/2+x*atan(x)/pi", False)])
def test_single_numbers_are_given_up_where_the_first_choice_shows_that_pairs_are_needed(text, hopeful):
    activation = parse(text)
    assert PassSearch(activation, derive(activation).first, FLOAT64).promises(*HOPEFUL) == hopeful


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "mish"])
def test_a_slope_for_float32_has_one_choice_of_sides_and_nothing_for_the_infinities(name):
    """Both ends come from a size that is a number, and both sides from one quotient."""
    kernel = compiled(catalog.get(name)).programs["wide"]["derivative"]
    steps = [step.operation for step in kernel.instructions]
    assert "eq" not in steps
    assert steps.count("div") <= 1
    assert at(kernel, np.inf, -np.inf) == [1.0, 0.0]
    assert np.isnan(at(kernel, np.nan)).all()


def test_an_infinite_limit_that_is_no_number_of_the_formula_still_has_a_choice():
    """x/(1 + x) is inf/inf, and 2^128/(1 + 2^128) is 1: the size of infinity may be a number there too."""
    expression = Abs(x) / (1 + Abs(x))
    activation = Activation("custom", lambda _: expression)
    kernel = PassSearch(activation, derive(activation).function, ARITHMETICS["wide"]).kernel("forward", "y")[0]
    assert at(kernel, np.inf, -np.inf, 1.0) == [1.0, 1.0, 0.5]
    assert "eq" not in [step.operation for step in kernel.instructions]


@pytest.mark.slow
def test_forms_are_good_closely_beside_where_one_takes_over_from_another():
    """f' of gelu_tanh was 2.2 ULP off beside where the expansion around its root begins, at one input in thousands."""
    branches = derive(catalog.get("gelu_tanh")).first
    kernel, record = PassSearch(catalog.get("gelu_tanh"), branches, ARITHMETICS["paired"]).kernel("derivative", "dydx")
    ends = np.array([each["upper"] for each in record if each["upper"]])
    assert len(ends)
    points = -np.outer(ends, 1 + np.random.default_rng(5).uniform(-(2.0**-11), 2.0**-11, 20_000)).ravel()
    got = evaluate(kernel, {"x": points}, ARITHMETICS["paired"])["dydx"]
    assert Oracle(branches).reference(points, "float64").errors(got).max() <= 1.75


def test_a_function_with_roots_without_end_is_right_between_them():
    """No formula gives way to the expansion around the first root down to 0, because none is right at the farthest."""
    assert at(derivative(x * cos(x)), 1e-12, 0.1, -2.0) == pytest.approx(
        [1.0, float(mpmath.cos(0.1) - 0.1 * mpmath.sin(0.1)), float(mpmath.cos(2) - 2 * mpmath.sin(2))], rel=1e-15
    )


def test_what_grows_faster_than_x_overflows_where_it_has_to():
    """1.1*x is no number at 1.7e308; what ends x for the exponential's sake would be one there."""
    activation = Activation("custom", lambda _: x * (Rational(11, 10) + exp(-Abs(x))))
    kernel = PassSearch(activation, derive(activation).function, PAIRED).kernel("forward", "y")[0]
    assert at(kernel, 1.6e308, 1.7e308, -1.7e308) == [pytest.approx(1.76e308), np.inf, -np.inf]


def test_expansions_far_out_may_have_terms_that_are_no_floats():
    """f'' = 2/(1 + x^2)^2 of x*atan(x)."""
    activation = Activation("custom", lambda _: x * atan(x))
    search = PassSearch(activation, derive(activation).second, PAIRED)
    assert at(search.kernel("second_derivative", "d2ydx2")[0], 3.0, 1e60) == pytest.approx([0.02, 2e-240], rel=1e-14)


def test_infinity_is_right_whatever_a_cut_makes_of_a_nan():
    """2*|x| - |x|, where that is infinite."""
    activation = Activation("custom", lambda _: exp(-(x**2)))
    fast = ARITHMETICS["fast"]
    ends = LineEnds(Line(activation, derive(activation).function), fast, Oracle(derive(activation).function))
    b = Builder()
    size = b("abs", b.input("x"))
    rising = b.kernel("forward", ["x"], [], {"y": b("decay", b("mul", size, size))})
    b = Builder()
    size = b("abs", b.input("x"))
    undefined = b.kernel("forward", ["x"], [], {"y": b("decay_lifted", b("sub", b("mul", size, b.const(2)), size))})
    assert ends.is_right_at_infinities(rising)
    assert not ends.is_right_at_infinities(undefined)


def test_an_exact_root_of_an_odd_function_is_plus_zero_on_both_sides():
    """2*x*(1 - x^2)*exp(-x^2) at 1 and -1: minus what it is at 1 would be -0."""
    found = at(derivative(x**2 * exp(-(x**2))), 1.0, -1.0, 2.0, -2.0)
    assert found[:2] == [0.0, 0.0]
    assert not np.signbit(found[:2]).any()
    assert found[3] == -found[2] == pytest.approx(12 * math.exp(-4), rel=1e-14)
