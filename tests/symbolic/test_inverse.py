"""The slope as a function of the value, against the slopes that frameworks compute from outputs."""

from __future__ import annotations

import pytest
from sympy import Symbol, exp, simplify, sympify

from symact import catalog
from symact.activation import Activation
from symact.symbolic.derivatives import derive
from symact.symbolic.inverse import slope_of_value

y = Symbol("y", real=True)

#: Entry -> the pieces of g from left to right, as papers and frameworks give them.
KNOWN = {
    "logistic": ["y*(1 - y)"],
    "tanh": ["(1 - y)*(1 + y)"],
    "softplus": ["1 - exp(-beta*y)"],
    "logsigmoid": ["1 - exp(y)"],
    "elu": ["y + alpha", "1"],
    "celu": ["y/alpha + 1", "1"],
    "softsign": ["(1 + y)**2", "(1 - y)**2"],
    "logsig": ["(1 + y)**2*exp(y/(1 + y))", "(1 - y)**2*exp(-y/(1 - y))"],
    "arctan": ["cos(y)**2"],
    "relu": ["0", "1"],
    "identity": ["1"],
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_slopes_are_derived(name: str) -> None:
    entry = catalog.get(name)
    found = slope_of_value(derive(entry))
    assert found is not None
    names = {"y": y, **entry.symbols}
    for piece, text in zip(found.pieces, KNOWN[name], strict=True):
        assert simplify(piece.expression - sympify(text, locals=names)) == 0


def test_the_kink_keeps_its_slope() -> None:
    found = slope_of_value(derive(catalog.get("relu")))
    assert found is not None
    assert [(point.x, point.value) for point in found.points] == [(0, 0)]


@pytest.mark.parametrize("name", ["silu", "gelu", "mish"])
def test_a_value_that_is_taken_twice_has_no_slope(name: str) -> None:
    assert slope_of_value(derive(catalog.get(name))) is None


def test_what_cannot_be_solved_has_none() -> None:
    assert slope_of_value(derive(catalog.get("tanhshrink"))) is None
    assert slope_of_value(derive(Activation("custom", lambda x: x + exp(x)))) is None


def test_falling_functions_are_turned_round() -> None:
    found = slope_of_value(derive(Activation("custom", lambda x: 1 / (1 + exp(x)))))
    assert found is not None
    (piece,) = found.pieces
    assert simplify(piece.expression - y * (y - 1)) == 0
