"""Rewritten forms equal what they rewrite, by Arb; and the styles of evaluation compute them."""

import numpy as np
import pytest
from flint import arb, ctx
from sympy import Abs, Integer, Rational, Symbol, atan, cosh, erf, erfc, exp, log, pi, simplify, sinh, solve, sqrt, tanh
from sympy.codegen.cfunctions import log1p

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.lowering import Lowering, Style
from symact.kernel.program import Builder
from symact.kernel.rewrite import bell, erfcx, far_out, forms, gauss, with_power_outside, without
from symact.oracle.arb import ArbFunction

t = Symbol("t", positive=True)

CASES = [
    1 / (1 + exp(t)),
    1 / (1 + exp(-t)),
    t / (1 + exp(t)),
    log(1 + exp(t)),
    log(1 + exp(-t)),
    tanh(t),
    1 - tanh(t) ** 2,
    -t * tanh(log(1 + exp(-t))),
    t * tanh(log(1 + exp(t))),
    t * (1 + erf(t / sqrt(2))) / 2,
    -t * (1 - erf(t / sqrt(2))) / 2,
    erfc(t) / 2,
    (1 - t**2) * exp(-(t**2) / 2),
    log(cosh(t)),
    sinh(t) / cosh(t),
    1 / (1 + t**2),
    t / (1 + t**2) ** 2,
    t / sqrt(1 + t**2),
    (sqrt(t**2 + 4) - t) / 2,
    t * exp(-(t**2)),
    t / 2 - t * atan(t) / pi,
    log(t + sqrt(t**2 + 1)),
    1 - 1 / sqrt(1 + t**2),
    log(1 + t) / (1 + log(1 + t)),
    1 / ((1 + t) * (1 + log(1 + t)) ** 2),
    exp(-2 * t) + exp(-3 * t / 2) - exp(-t),
    log((1 + exp(t)) / (1 + exp(-t))),
    exp(t) * (exp(t) + t + 1) / (exp(t) + 1) ** 2,
    (t * tanh(log(1 + exp(t)))).diff(t),
    (-t * tanh(log(1 + exp(-t)))).diff(t),
    -t * (3 - t) / 6,
    (7 - 2 * t) / 6,
    (t * erf(log(1 + exp(t)))).diff(t, 2),
    atan(sinh(t)),
]

#: Where the comparison is made.
POINTS = np.array([2.0**-20, 0.03125, 0.71875, 1.5, 4.0, 9.25, 17.0])


def plain(expression):
    """The rewriting's own atoms in terms of functions that Arb knows."""
    return (
        expression.replace(gauss, lambda u: exp(-(u**2) / 2))
        .replace(bell, lambda u: exp(-(u**2)))
        .replace(erfcx, lambda u: exp(u**2) * erfc(u))
        .replace(log1p, lambda u: log(1 + u))
    )


@pytest.mark.parametrize("expression", CASES, ids=str)
def test_every_form_has_the_same_value(expression):
    with ctx.workprec(1000):
        expected = ArbFunction(expression, t).values(POINTS.tolist(), 1000)
        for form in forms(expression, t):
            written = plain(form.plain)
            for exact, got in zip(expected, ArbFunction(written, t).values(POINTS.tolist(), 1000), strict=True):
                assert abs(got - exact) <= abs(exact) * arb(2) ** -200, form


@pytest.mark.parametrize("expression", CASES, ids=str)
@pytest.mark.parametrize("style", [Style(*bits) for bits in np.ndindex(2, 2, 1)], ids=str)
def test_every_style_computes_the_form(expression, style):
    """In double precision at moderate inputs, where no form loses more than a few digits."""
    points = POINTS[2:6]
    expected = [float(v.mid()) for v in ArbFunction(expression, t).values(points.tolist(), 200)]
    for form in forms(expression, t):
        b = Builder()
        step = Lowering(b, {t: b.input("x")}, form.where, style, ARITHMETICS["float64"])(form.expression)
        got = evaluate(b.kernel("piece", ["x"], [], {"y": step}), {"x": points})["y"]
        assert got == pytest.approx(expected, rel=1e-9), form


def test_exponentials_that_grow_are_gone_from_the_normal_form():
    for form in list(forms(t * tanh(log(1 + exp(t))), t))[1:]:
        assert not form.expression.has(exp)
        assert list(form.where.values()) == [exp(-t)]


def test_a_slope_with_a_square_below_is_also_written_by_one_quotient():
    """Mish's for x > 0: q*(1 + 2E + 4t*E^2*(1 + E)*q) with q = 1/(1 + 2E + 2E^2), and from its highest power on."""
    slope = (t * tanh(log(1 + exp(t)))).diff(t)
    found = {form.rule: form for form in forms(slope, t) if form.rule.startswith("by the denominator")}
    assert list(found) == ["by the denominator", "by the denominator, upwards"]
    form = found["by the denominator, upwards"]
    E, q = form.where
    assert form.where == {E: exp(-t), q: 1 / (2 * E**2 + 2 * E + 1)}
    assert simplify(form.expression - q * (1 + 2 * E + 4 * t * E**2 * (1 + E) * q)) == 0


def test_what_is_left_without_exponentials_is_so_in_quotients_too():
    E, q = Symbol("E", positive=True), Symbol("q", positive=True)
    assert without(q * (3 + t * E * q), {E: exp(-t), q: 1 / (2 + E)}) == Rational(3, 2)


def test_complement_of_erf_has_no_cancellation_left():
    *_, form = forms(-t * (1 - erf(t / sqrt(2))) / 2, t)
    assert form.expression.has(erfcx)
    assert list(form.where.values()) == [gauss(t)]


def test_one_plus_small_becomes_log1p():
    found = [form.expression for form in forms(log(1 + exp(-t)), t)]
    assert any(e.has(log1p) for e in found)


def test_unknown_parts_leave_the_text_as_written():
    expression = 1 / (1 + Abs(Symbol("q", real=True)) + t)
    assert next(iter(forms(expression, t))).expression == expression


def test_a_multiple_near_a_power_of_two_is_also_that_and_a_rest():
    """t + 0.05 t overflows where the exact value does: the error of its second term is a twentieth."""
    t = Symbol("t", positive=True)
    found = {form.rule: form.expression for form in forms(Rational(21, 20) * t, t)}
    assert set(found["near multiple and rest"].args) == {t, t / 20}
    assert "near multiple and rest" not in {form.rule for form in forms(2 * t, t)}


@pytest.mark.parametrize("expression", [(1 - t**2) / (1 + t**2) ** 2, -t * (t - 3) / 6, (4 - t**2) * (t + 3)])
def test_a_factored_form_is_positive_zero_at_its_exact_root(expression):
    (root,) = solve(expression, t)
    (form,) = (each for each in forms(expression, t) if each.rule == "factored")
    b = Builder()
    step = Lowering(b, {t: b.input("x")}, form.where, Style(), ARITHMETICS["float64"])(form.expression)
    value = evaluate(b.kernel("piece", ["x"], [], {"y": step}), {"x": [float(root)]})["y"]
    assert (value[0], np.signbit(value[0])) == (0, False)


TAILS = [
    (-t * tanh(exp(-t)), 2),
    (-t * (1 - exp(-exp(-t))), 1),
    (tanh(exp(-t)) - t * (1 - tanh(exp(-t)) ** 2) * exp(-t), 2),
    (-t * erf(log(1 + exp(-t))), 1),
    (log(1 + exp(-2 * t)) ** 2 / t, 2),
    (t * exp(-(t**2)) / (1 + exp(-(t**2))), None),
]


@pytest.mark.parametrize(("expression", "power"), TAILS, ids=str)
def test_the_lowest_power_is_what_a_tail_comes_to(expression, power):
    """The rest is smaller by a power of the exponential, 10^-13 or less at t = 30."""
    form = far_out(expression, t)
    written = plain(form.expression.subs({k: plain(v) for k, v in form.where.items()}))
    at = [30.0, 45.0]
    with ctx.workprec(8000):
        values = [ArbFunction(e, t).values(at, 8000) for e in (expression, written)]
        for point, exact, got in zip(at, *values, strict=True):
            rest = 4 * (1 + point) * arb(-(power or point) * point).exp()
            assert 0 < abs(got - exact) <= abs(exact) * rest, form


@pytest.mark.parametrize("expression", [1 / (1 + exp(-t)), erf(t), t / (1 + t), log(1 + exp(t))])
def test_what_has_no_exponential_tail_has_no_lowest_power(expression):
    assert far_out(expression, t) is None


@pytest.mark.parametrize("expression", [t / 2 + t * atan(t) / pi, t * (1 + t / sqrt(1 + t**2)) / 2], ids=str)
def test_what_grows_is_multiplied_last(expression):
    """Then only the whole can overflow: the rest is bounded, and a value of its own."""
    found = list(with_power_outside(expression, t))
    assert found
    for form in found:
        rest = next(letter for letter in form.where if form.expression == t * letter)
        written = form.where[rest].subs(form.where)
        for value in (Rational(3, 7), Integer(9)):
            assert abs((t * written - expression).subs(t, value).evalf(30)) < 1e-25
        assert abs(written.subs(t, 10**9).evalf(30)) < 2
