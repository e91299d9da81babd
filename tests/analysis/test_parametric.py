"""What holds for all parameter values, against facts derived by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from sympy import Symbol, simplify

from symact import catalog, grammar
from symact.activation import Activation, Parameter
from symact.analysis import analyze, parametric
from symact.analysis.tail import Tail


def custom(text: str, **domains: str) -> Activation:
    parameters = tuple(Parameter(name, Fraction(1), domain) for name, domain in domains.items())
    return Activation("custom", grammar.definition(text, list(domains)), parameters)


#: The limit of f, the class of f', its parameter and leading term at oo and at -oo.
KEYS = [
    ("softplus", catalog.get("softplus"), "oo", "constant", "1", "0", "exponential", "beta", "exp(-beta*t)"),
    ("silu", catalog.get("silu"), "oo", "constant", "1", "0", "exponential", "beta", "-beta*t*exp(-beta*t)"),
    ("elu", catalog.get("elu"), "oo", "constant", "1", "-alpha", "exponential", "1", "alpha*exp(-t)"),
    ("celu", catalog.get("celu"), "oo", "constant", "1", "-alpha", "exponential", "1/alpha", "exp(-t/alpha)"),
    ("leaky", catalog.get("leaky_relu"), "oo", "constant", "1", "-oo", "constant", "alpha", "alpha"),
    ("tanh", custom("a*tanh(b*x)", a="positive", b="positive"),
     "a", "exponential", "2*b", "-a", "exponential", "2*b", "4*a*b*exp(-2*b*t)"),
    # (a + t)**-2 * a
    ("softsign", custom("x/(a + abs(x))", a="positive"), "1", "power", "2", "-1", "power", "2", "a/t**2"),
    # p*t**(p - 1)*exp(-t**p): stretched, exponential or superexponential, as p is.
    ("any power", custom("exp(-abs(x)**p)", p="positive"), None, None, None, None, None, None, None),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=[key[0] for key in KEYS])
def test_limits_and_tails(key) -> None:
    _, activation, *facts = key
    found = analyze(activation).parametric
    for end, (limit, kind, parameter) in (("+oo", facts[:3]), ("-oo", facts[3:6])):
        if kind is None:
            assert found is None or found.tails[end] is None
            continue
        assert found is not None
        assert found.limits[end] == limit
        tail = found.tails[end]
        assert isinstance(tail, Tail)
        assert (tail.kind, next(iter(tail.parameters.values()))) == (kind, parameter)
        assert end == "+oo" or same(tail.leading, facts[6])


def test_the_approach_has_parameters_too() -> None:
    approach = analyze(catalog.get("softplus")).parametric.tails["+oo"].parameters["approach"]
    assert approach.parameters == {"rate": "beta"}
    assert same(approach.leading, "-exp(-beta*t)")


def same(found: str, expected: str) -> bool:
    symbols = {name: Symbol(name, positive=True) for name in ("t", "alpha", "beta", "a", "b", "p")}
    difference = grammar.parse_expression(found, symbols) - grammar.parse_expression(expected, symbols)
    return simplify(difference) == 0


def test_a_tail_that_is_not_confirmed_at_values_is_not_reported(monkeypatch) -> None:
    """The gate at the values is what lets a derivation through."""
    wrong = Tail("exponential", "exp(-2*t)", {"rate": "2"})
    monkeypatch.setattr(parametric, "derivative_tail", lambda *_: wrong)
    assert analyze(catalog.get("softplus")).parametric.tails["-oo"] is None


@pytest.mark.parametrize("activation", [catalog.get("tanh"), catalog.get("leaky_relu").with_values({"alpha": -1})])
def test_nothing_without_positive_parameters(activation) -> None:
    assert analyze(activation).parametric is None


@pytest.mark.parametrize(
    ("name", "parameter", "expected"),
    [
        ("leaky_relu", "alpha", {"(-oo, 0)": "x", "(0, oo)": "0"}),
        ("elu", "alpha", {"(-oo, 0)": "exp(x) - 1", "(0, oo)": "0"}),
        ("celu", "alpha", {"(-oo, 0)": "exp(x/alpha) - 1 - x/alpha*exp(x/alpha)", "(0, oo)": "0"}),
        # With s = 1/(1 + exp(-beta*x)): x**2*s*(1 - s), and x*s/beta - log(1 + exp(beta*x))/beta**2.
        ("silu", "beta", {"(-oo, oo)": "x**2*exp(-beta*x)/(1 + exp(-beta*x))**2"}),
        ("softplus", "beta", {"(-oo, oo)": "x/(1 + exp(-beta*x))/beta - log(1 + exp(beta*x))/beta**2"}),
    ],
)
def test_derivatives_by_parameters(name: str, parameter: str, expected: dict[str, str]) -> None:
    derivatives = analyze(catalog.get(name)).parameter_derivatives
    assert list(derivatives) == [parameter]
    symbols = {"x": Symbol("x", real=True), parameter: Symbol(parameter, positive=True)}
    assert len(derivatives[parameter].pieces) == len(expected)
    for piece, (interval, text) in zip(derivatives[parameter].pieces, expected.items(), strict=True):
        assert piece.interval.endswith(interval)
        difference = grammar.parse_expression(piece.expression, symbols) - grammar.parse_expression(text, symbols)
        assert simplify(difference) == 0


def test_no_derivatives_without_parameters() -> None:
    assert analyze(catalog.get("tanh")).parameter_derivatives == {}
