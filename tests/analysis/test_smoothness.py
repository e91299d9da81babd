"""Classes known by hand: which derivative is the first that jumps."""

import pytest
from sympy import Abs, Max, Piecewise, Symbol, exp, log, sign, sin, sqrt

from symact import catalog
from symact.activation import Activation
from symact.analysis.record import Kink, Removable
from symact.analysis.smoothness import smoothness
from symact.symbolic.derivatives import Derivation, derive

x = Symbol("x", real=True)


def smoothness_of(activation):
    if not isinstance(activation, Activation):
        activation = Activation("custom", lambda _, expression=activation: expression)
    symbolic = derive(activation)
    return smoothness(
        Derivation(*(b.subs(activation.values) for b in (symbolic.function, symbolic.first, symbolic.second)))
    )


CLASSES = {
    "logistic": "Cinf",
    "tanh": "Cinf",
    "arctan": "Cinf",
    "softplus": "Cinf",
    "silu": "Cinf",
    "gelu": "Cinf",
    "gelu_tanh": "Cinf",
    "mish": "Cinf",
    "erf": "Cinf",
    "logsigmoid": "Cinf",
    "tanhshrink": "Cinf",
    "identity": "Cinf",
    "softsign": "C1",
    "logsig": "C1",
    "log_semisigmoid": "C1",
    "elu": "C1",
    "celu": "C1",
    "selu": "C0",
    "relu6": "C0",
    "hardsigmoid": "C0",
    "hardswish": "C0",
    "relu": "C0",
    "leaky_relu": "C0",
    "logmin": "C0",
}


@pytest.mark.parametrize("name", CLASSES)
def test_catalogue(name):
    assert smoothness_of(catalog.get(name)).class_ == CLASSES[name]


def test_every_entry_is_covered():
    assert set(CLASSES) == set(catalog.names())


@pytest.mark.parametrize(
    ("expression", "class_"),
    [
        (sign(x), "discontinuous"),
        (1 / x, "discontinuous"),
        (Abs(x), "C0"),
        (x * Abs(x), "C1"),
        (x**2 * exp(-Abs(x)), "C2"),
        (Abs(x) ** 3, "C2"),
        (Max(x, 0) ** 4, "C3"),
        (sign(x) * sqrt(Abs(x)), "C0"),
        (sign(x) * (1 - (1 + sqrt(Abs(x))) * exp(-sqrt(Abs(x)))), "C1"),
        (sin(x) / x, "Cinf"),
        ((exp(x) - 1) / x, "Cinf"),
        (Piecewise((x, x > 0), (exp(x) - 1, True)), "C1"),
        (Piecewise((x**2, x > 1), (2 * x - 1, True)), "C1"),
        (Piecewise((log(x), x > 1), (x - 1 - (x - 1) ** 2 / 2, True)), "C2"),
    ],
    ids=str,
)
def test_classes(expression, class_):
    assert smoothness_of(expression).class_ == class_


def test_kinks():
    assert smoothness_of(catalog.get("relu")).kinks == (Kink("0", "0", "1", "0"),)
    assert smoothness_of(catalog.get("leaky_relu")).kinks == (Kink("0", "1/100", "1", "1/100"),)
    assert smoothness_of(Max(x, -1) - Max(x, 2)).kinks == (Kink("-1", "0", "1", "0"), Kink("2", "1", "0", "1"))


def test_kinks_of_the_hard_ones():
    assert smoothness_of(catalog.get("relu6")).kinks == (Kink("0", "0", "1", "0"), Kink("6", "1", "0", "1"))
    assert smoothness_of(catalog.get("hardsigmoid")).kinks == (
        Kink("-3", "0", "1/6", "0"),
        Kink("3", "1/6", "0", "1/6"),
    )
    assert smoothness_of(catalog.get("hardswish")).kinks == (
        Kink("-3", "0", "-1/2", "0"),
        Kink("3", "3/2", "1", "3/2"),
    )


def test_celu_is_smooth_for_every_alpha():
    bent = smoothness_of(catalog.get("celu").with_values({"alpha": 3}))
    assert (bent.class_, bent.kinks) == ("C1", ())


def test_the_value_at_a_kink_is_the_definitions():
    relu = Activation("custom", lambda _: Max(x, 0), derivative_at={"0": "1/2"})
    assert smoothness_of(relu).kinks == (Kink("0", "0", "1", "1/2"),)


def test_elu_bends_unless_alpha_is_one():
    bent = smoothness_of(catalog.get("elu").with_values({"alpha": 2}))
    assert (bent.class_, bent.kinks) == ("C0", (Kink("0", "2", "1", "2"),))


def test_removable_points():
    assert smoothness_of(catalog.get("logsig")).removable == (Removable("0", "0"),)
    assert smoothness_of(sin(x) / x).removable == (Removable("0", "1"),)


def test_a_flat_join_is_left_open():
    """exp(-1/x**2) has all derivatives at 0 and no power series there; that is not found."""
    assert smoothness_of(exp(-1 / x**2)).class_ in (None, "Cinf")


def test_the_class_holds_at_the_values_in_force():
    """leaky_relu with slope 1 is the identity."""
    straight = smoothness_of(catalog.get("leaky_relu").with_values({"alpha": 1}))
    assert (straight.class_, straight.kinks) == ("Cinf", ())


def test_a_vertical_tangent_is_a_kink():
    (kink,) = smoothness_of(sign(x) * sqrt(Abs(x))).kinks
    assert (kink.x, kink.left, kink.right) == ("0", "oo", "oo")
