"""The smooth pieces of a definition: where it is cut, and what it is there."""

import pytest
from sympy import (
    Abs,
    Integer,
    LambertW,
    Max,
    Min,
    Piecewise,
    Rational,
    Symbol,
    cos,
    exp,
    log,
    oo,
    sign,
    sin,
    sqrt,
    tanh,
)

from symact import catalog
from symact.activation import Activation, Parameter
from symact.errors import Error
from symact.symbolic.branches import split

x = Symbol("x", real=True)


def activation(expression, *parameters):
    return Activation("custom", lambda _, *symbols: expression(*symbols) if symbols else expression, parameters)


def pieces(expression):
    return [(p.lower, p.upper, p.expression) for p in split(activation(expression)).pieces]


def test_abs_is_resolved_on_each_side():
    assert pieces(exp(-Abs(x))) == [(-oo, 0, exp(x)), (0, oo, exp(-x))]


def test_nested_switches_are_cut_at_every_root():
    found = pieces(Abs(x) * Abs(x**2 - 2))
    assert [edges[:2] for edges in found] == [(-oo, -sqrt(2)), (-sqrt(2), 0), (0, sqrt(2)), (sqrt(2), oo)]
    assert [f.subs(x, v) for (*_, f), v in zip(found, (-2, -1, 1, 2), strict=True)] == [4, 1, 1, 4]


def test_clamps_cut_only_where_they_change():
    assert pieces(Max(0, Min(6, x))) == [(-oo, 0, 0), (0, 6, x), (6, oo, 6)]


def test_pieces_that_agree_are_one_piece():
    assert pieces(Piecewise((x**2, x > 0), (x**2, True))) == [(-oo, oo, x**2)]


def test_transcendental_breakpoints_are_exact():
    assert pieces(Abs(exp(x) - 2)) == [(-oo, log(2), 2 - exp(x)), (log(2), oo, exp(x) - 2)]


def test_removable_point_has_the_limit_as_value():
    branches = split(catalog.get("logsig"))
    (point,) = branches.points
    assert (point.x, point.left, point.right, point.value, point.removable) == (0, 0, 0, 0, True)
    (point,) = split(activation(sin(x) / x)).points
    assert (point.value, point.removable) == (1, True)


def test_jump_without_a_value_is_undefined_there():
    (point,) = split(activation(x / Abs(x))).points
    assert (point.left, point.right, point.value, point.removable) == (-1, 1, None, False)


def test_jump_keeps_the_definitions_value():
    (point,) = split(activation(sign(x))).points
    assert (point.left, point.right, point.value) == (-1, 1, 0)


def test_pole_is_a_point_with_infinite_sides():
    (point,) = split(activation(1 / x)).points
    assert (point.left, point.right, point.value) == (-oo, oo, None)


def test_equal_sides_are_written_alike():
    corner = split(activation(Max(x, x**2 - 3))).points[1]
    assert corner.left == corner.right == corner.value


def test_sign_may_change_at_a_pole():
    """tanh(2/x) exceeds 1/2 for small positive x only; its only root in x - a crossing - is on the right."""
    found = pieces(Max(Rational(1, 2), tanh(2 / x)))
    assert [f for *_, f in found] == [Rational(1, 2), tanh(2 / x), Rational(1, 2)]


def test_root_without_closed_form_is_a_breakpoint():
    (point,) = split(activation(Max(x**5 - x - 1, 0))).points
    assert point.value == 0
    assert abs(point.x.evalf(20) - Rational("1.1673039782614186843")) < 1e-18


def test_pole_of_one_side_has_no_value():
    (point,) = split(activation(Max(1 / x, 0))).points
    assert (point.left, point.right, point.value) == (0, oo, None)


def test_breakpoint_may_depend_on_a_positive_parameter():
    shrink = activation(lambda c: Piecewise((x, Abs(x) > c), (0, True)), Parameter("c"))
    c = shrink.symbols["c"]
    assert [(p.lower, p.upper) for p in split(shrink).pieces] == [(-oo, -c), (-c, c), (c, oo)]


def test_branch_that_depends_on_a_parameters_sign_is_an_error():
    with pytest.raises(Error, match="depends on a parameter's value"):
        split(activation(lambda a: Max(0, a * x), Parameter("a", domain="real")))


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (log(x), "not a real number for x < 0"),
        (sqrt(x - 1), "not a real number for x < 1"),
        (x**x, "not a real number for x < 0"),
        (LambertW(x), "not a real number for x < -exp"),
        (Abs(sin(x)), "cannot be found exactly"),
        (Abs(x - cos(x)), "cannot be found exactly"),
    ],
)
def test_what_cannot_be_split_says_why(expression, reason):
    with pytest.raises(Error, match=reason):
        split(activation(expression))


def test_a_second_free_variable_is_named():
    with pytest.raises(Error, match="uses y, which is neither x nor a parameter"):
        split(activation(x + Symbol("y")))


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda a: a.name)
def test_pieces_equal_the_definition(entry):
    """Against SymPy's own evaluation of the definition at exact points."""
    branches, values = split(entry), entry.values
    for piece in branches.pieces:
        for at in (Integer(-7) / 2, Integer(-1) / 3, Integer(2) / 5, Integer(9)):
            if piece.lower < at < piece.upper:
                expected = entry.expression.subs(values).subs(entry.x, at).evalf(30)
                got = piece.expression.subs(values).subs(entry.x, at).evalf(30)
                assert abs(got - expected) <= 1e-25 * abs(expected)
