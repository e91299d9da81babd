"""Derivatives per piece: right, and in the form a person writes."""

import mpmath
import pytest
from sympy import Abs, DiracDelta, Heaviside, Rational, Subs, Symbol, atan, exp, log, oo, pi, sign, sqrt, tanh
from sympy import Derivative as Unevaluated

from symact import catalog
from symact.activation import Activation
from symact.symbolic.derivatives import derive
from symact.symbolic.forms import cost, human, joined

x = Symbol("x", real=True)
s = 1 / (1 + exp(-x))

#: Written by hand from the definitions; the form counts, not only the value.
HUMAN = {
    "logistic": s * (1 - s),
    "tanh": 1 - tanh(x) ** 2,
    "tanhshrink": tanh(x) ** 2,
    "logsigmoid": 1 / (1 + exp(x)),
    "erf": 2 * exp(-(x**2)) / sqrt(pi),
    "arctan": 1 / (1 + x**2),
    "softsign": 1 / (1 + Abs(x)) ** 2,
    "logsig": 1 / ((1 + Abs(x)) * (1 + log(1 + Abs(x))) ** 2),
    "log_semisigmoid": 1 / (1 + Abs(x)),
}


@pytest.mark.parametrize("name", HUMAN)
def test_first_derivative_is_in_the_form_a_person_writes(name):
    assert joined(derive(catalog.get(name)).first) == HUMAN[name]


def test_softplus_derivative_is_the_logistic_function():
    softplus = catalog.get("softplus")
    assert joined(derive(softplus).first.subs(softplus.values)) == s


def test_exponentials_inside_of_other_functions_stay():
    """In the logistic function s, log(1 + exp(x)) would be log(1 + s/(1 - s)): no digits are left of it far out."""
    (piece,) = derive(Activation("custom", lambda x: log(1 + exp(x)) ** 2)).first.pieces
    assert piece.expression == 2 * exp(x) * log(exp(x) + 1) / (exp(x) + 1)


def test_left_pieces_are_written_in_one_minus_x():
    left = derive(catalog.get("softsign")).second.pieces[0].expression
    assert left == 2 / (1 - x) ** 3


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda a: a.name)
def test_no_generalised_functions_are_left(entry):
    derivation = derive(entry)
    for branches in (derivation.first, derivation.second):
        for piece in branches.pieces:
            assert not piece.expression.has(DiracDelta, Heaviside, sign, Abs, Unevaluated, Subs)


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda a: a.name)
def test_derivatives_agree_with_differences_of_the_definition(entry):
    """Against mpmath's numerical differentiation of the definition itself at 60 digits."""
    derivation = derive(entry)
    definition = entry.expression.subs(entry.values)
    with mpmath.workdps(60):

        def value(at):
            return mpmath.mpf(str(definition.subs(entry.x, Rational(mpmath.nstr(at, 50))).evalf(55)))

        for order, branches in ((1, derivation.first), (2, derivation.second)):
            for at in ("-3.25", "-0.375", "0.625", "5.5"):
                expected = mpmath.diff(value, mpmath.mpf(at), order, h=mpmath.mpf(10) ** -15)
                exact = branches.subs(entry.values)
                piece = next(p for p in exact.pieces if p.lower < Rational(at) < p.upper)
                got = mpmath.mpf(str(piece.expression.subs(entry.x, Rational(at)).evalf(30)))
                assert abs(got - expected) <= mpmath.mpf(10) ** -12 * (1 + abs(expected))


def test_kink_takes_the_left_limit():
    (point,) = derive(catalog.get("relu")).first.points
    assert (point.x, point.left, point.right, point.value) == (0, 0, 1, 0)


def test_kink_takes_the_value_that_the_definition_names():
    chosen = Activation("custom", Abs, derivative_at={"0": "1/2"})
    (point,) = derive(chosen).first.points
    assert (point.left, point.right, str(point.value)) == (-1, 1, "1/2")


def test_removable_point_of_logsig_has_slope_one():
    (point,) = derive(catalog.get("logsig")).first.points
    assert point.left == point.right == point.value == 1


def test_cost_counts_the_logistic_as_one_letter():
    assert cost(s * (1 - s)) < cost(exp(-x) / (1 + exp(-x)) ** 2)


@pytest.mark.parametrize("expression", [atan(x), x / sqrt(1 + x**2), x * tanh(x), s * (1 - s)])
def test_human_form_keeps_the_value(expression):
    written = human(expression.diff(x), x, -oo, oo)
    for at in (-2, 1):
        assert abs((written - expression.diff(x)).subs(x, at).evalf(30)) < 1e-25
