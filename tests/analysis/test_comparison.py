"""Whose gradient tail is heavier: expected orders and ratios by hand."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

import symact
from symact import catalog
from symact.analysis.comparison import compare, schema
from symact.analysis.ratios import _CLASSES, order
from symact.analysis.tail import PARAMETERS


def places(*names: str, end: str = "+oo") -> list[tuple[str, str | None]]:
    found = compare({name: catalog.resolve(name) for name in names})
    return [(place.label, place.ratio) for place in found.order[end]]


def test_the_catalogues_sigmoids() -> None:
    # f' ~ 1/(t ln(t)^2), 1/t^2, 1/t^2, 4 exp(-2t), (2/sqrt(pi)) exp(-t^2)
    assert places("tanh", "softsign", "erf(x)", "logsig", "arctan") == [
        ("logsig", "oo"),
        ("softsign", "1"),
        ("arctan", "oo"),
        ("tanh", "oo"),
        ("erf(x)", None),
    ]


@pytest.mark.parametrize(
    ("heavier", "lighter", "ratio"),
    [
        ("x/(2 + abs(x))", "softsign", "2"),  # 2/t^2 and 1/t^2
        ("tanh(x/2)", "1/(1 + exp(-x))", "2"),  # tanh(x/2) = 2*logistic(x) - 1
        ("atan(3*x)", "atan(5*x)", "5/3"),  # 1/(3 t^2) and 1/(5 t^2)
        ("log(1 + exp(x))", "x/2", "2"),  # slopes 1 and 1/2
        ("x**3", "x**2", "oo"),
        ("x/log(E + abs(x))", "abs(x)**(9/10)", "oo"),  # 1/ln(t) against t^(-1/10)
        ("asinh(x)", "log(1 + log(1 + abs(x)))*sign(x)", "oo"),  # 1/t against 1/(t ln t)
        ("tanh", "erf(x)", "oo"),
        ("erf(x)", "erf(2*x)", "oo"),
        ("x", "max(-x, 0)", None),  # the other is exactly 0
    ],
)
def test_pairs(heavier: str, lighter: str, ratio: str | None) -> None:
    for given in ((heavier, lighter), (lighter, heavier)):
        assert places(*given) == [(heavier, ratio), (lighter, None)]


def test_the_sign_of_the_derivative_is_no_matter() -> None:
    assert places("-tanh(x)", "tanh(x)") == [("-tanh(x)", "1"), ("tanh(x)", None)]


def test_the_left_side_has_its_own_order() -> None:
    assert places("relu", "elu", "log_semisigmoid", end="-oo") == [
        ("log_semisigmoid", "oo"),
        ("elu", None),
        ("relu", None),
    ]
    assert places("relu", "elu", "log_semisigmoid") == [("relu", "1"), ("elu", "oo"), ("log_semisigmoid", None)]


def test_what_cannot_be_compared_stands_last() -> None:
    assert places("sin(x)", "max(-x, 0)", "tanh") == [("tanh", None), ("max(-x, 0)", None), ("sin(x)", None)]


def test_every_class_has_its_rank() -> None:
    assert set(_CLASSES) == set(PARAMETERS)


def test_ratios_agree_with_the_ranks_of_the_classes() -> None:
    """Each leading term over one of a later class tends to infinity."""
    leading = {
        "growing": "log(log(t))",
        "constant": "1/10**6",
        "slowly-varying": "1/log(t)**9",
        "power": "1/t**9",
        "lognormal": "exp(-log(t)**9)",
        "stretched-exponential": "exp(-t**(9/10))",
        "exponential": "exp(-9*t)",
        "superexponential": "exp(-t*log(t))",
    }
    backwards = [[kind, text] for kind, text in reversed(leading.items())]
    assert order(backwards) == [(7, "oo"), (6, "oo"), (5, "oo"), (4, "oo"), (3, "oo"), (2, "oo"), (1, "oo"), (0, None)]


def test_the_document() -> None:
    document = symact.compare("tanh", " logsig ").to_dict()
    Draft202012Validator.check_schema(schema())
    Draft202012Validator(schema()).validate(document)
    assert document["order"]["+oo"] == [{"label": "logsig", "ratio": "oo"}, {"label": "tanh", "ratio": None}]
    assert document["analyses"]["tanh"] == symact.analyze("tanh").to_dict()
    assert document["unfinished"] == {}


def test_parameters_tell_activations_of_one_name_apart() -> None:
    # exp(-t) and 2 exp(-2t) to the left
    softplus = catalog.get("softplus")
    order = symact.compare(softplus.with_values({"beta": 2}), softplus).order["-oo"]
    assert [(place.label, place.ratio) for place in order] == [("softplus(beta=1)", "oo"), ("softplus(beta=2)", None)]


@pytest.mark.parametrize("given", [(), ("tanh",), ("tanh", "tanh ")])
def test_one_is_not_enough(given: tuple[str, ...]) -> None:
    with pytest.raises(symact.Error, match="two different"):
        symact.compare(*given)
