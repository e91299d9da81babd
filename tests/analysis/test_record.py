"""The document: valid for the catalogue and for users' expressions, and exact where it says so."""

import json
import subprocess
import sys

import mpmath
import pytest
from jsonschema import Draft202012Validator
from sympy import lambdify, sympify

from symact import catalog, grammar
from symact.analysis import analyze
from symact.analysis.record import ENDS, MONOTONE, VERDICTS, schema

VALIDATOR = Draft202012Validator(schema())


def document_of(activation):
    document = json.loads(json.dumps(analyze(activation).to_dict(), allow_nan=False))
    VALIDATOR.validate(document)
    return document


def test_the_schema_is_one():
    Draft202012Validator.check_schema(schema())


def test_the_schema_speaks_the_records_words():
    assert schema()["$defs"]["verdict"]["enum"] == list(VERDICTS)
    assert schema()["properties"]["shape"]["properties"]["monotone"]["enum"] == [*MONOTONE, None]


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("tails"),
        lambda d: d.update(extra=1),
        lambda d: d["tails"]["+oo"].pop("rate"),
        lambda d: d["tails"]["+oo"].update(subexponential=True),
        lambda d: d["shape"].update(monotone="rising"),
        lambda d: d["shape"]["range"].pop("lower_attained"),
        lambda d: d["smoothness"].update({"class": "smooth"}),
    ],
)
def test_the_schema_refuses(change):
    document = document_of(catalog.get("tanh"))
    change(document)
    assert not VALIDATOR.is_valid(document)


@pytest.mark.parametrize("name", catalog.names())
def test_catalogue(name):
    document = document_of(catalog.get(name))
    assert document["initialisation"] is None
    assert all(document["shape"][key] is not None for key in document["shape"])
    assert all(document["tails"][end]["class"] != "undetermined" for end in ENDS)


@pytest.mark.parametrize(
    "text",
    [
        "x*tanh(log(1+exp(x)))",
        "min(max(x,0),6)",
        "sin(x)/x",
        "x**2",
        "x + sin(x)",
        "1 if x > 0 else 0",
        "exp(-x**2)",
        "x*(1+sin(exp(x)))",
        "5",
        "abs(x)**(1/2)",
        "1/x",
    ],
)
def test_users_expressions(text):
    document = document_of(grammar.parse(text))
    assert document["name"] == "custom"


def test_parameters_are_symbols_in_formulas_and_values_in_facts():
    document = document_of(catalog.get("leaky_relu").with_values({"alpha": "0.5"}))
    assert document["parameters"] == {"alpha": "1/2"}
    assert document["derivative"]["pieces"] == [
        {"interval": "Interval.open(-oo, 0)", "expression": "alpha"},
        {"interval": "Interval.open(0, oo)", "expression": "1"},
    ]
    assert document["tails"]["-oo"]["limit"] == "1/2"
    assert document["smoothness"]["kinks"] == [{"x": "0", "left": "1/2", "right": "1", "value": "1/2"}]


@pytest.mark.parametrize(
    ("name", "right", "left"),
    [
        ("logsig", "1", "-1"),
        ("arctan", "pi/2", "-pi/2"),
        ("elu", "oo", "-1"),
        ("silu", "oo", "0"),
        ("identity", "oo", "-oo"),
        ("logistic", "1", "0"),
    ],
)
def test_limits(name, right, left):
    document = document_of(catalog.get(name))
    assert document["limits"] == {"+oo": right, "-oo": left}
    for end, limit in document["limits"].items():
        assert (document["residuals"][end] is None) == ("oo" in limit)


def test_a_missing_limit_is_null():
    assert document_of(grammar.parse("sin(x)"))["limits"] == {"+oo": None, "-oo": None}


@pytest.mark.parametrize("name", catalog.names())
def test_derivative_texts_read_back_as_the_derivatives(name):
    """At points away from kinks, against a difference quotient of the definition at 60 digits."""
    activation = catalog.get(name)
    document = document_of(activation)
    symbols = {"x": activation.x, **activation.symbols}
    function = lambdify(activation.x, activation.expression.subs(activation.values), "mpmath")
    with mpmath.workdps(60):
        for key, order in (("derivative", 1), ("second_derivative", 2)):
            texts = [document[key]["expression"], *(piece["expression"] for piece in document[key]["pieces"])]
            whole, *pieces = (grammar.parse_expression(text, symbols).subs(activation.values) for text in texts)
            spans = [sympify(piece["interval"]) for piece in document[key]["pieces"]]
            for at in (-2.25, -0.5, 0.75, 3.5):
                true = mpmath.diff(function, mpmath.mpf(at), order)
                piece = next(formula for formula, span in zip(pieces, spans, strict=True) if at in span)
                for formula in (whole, piece):
                    assert abs(lambdify(activation.x, formula, "mpmath")(mpmath.mpf(at)) - true) < 1e-15


def test_symmetric_ends_agree_with_both_derived():
    """tanh is derived once for both ends; its shifted double is derived twice."""
    document = document_of(catalog.get("tanh"))
    twice = document_of(grammar.parse("2/(1+exp(-2*x)) - 1"))
    for end in ENDS:
        assert document["tails"][end]["leading"] == twice["tails"][end]["leading"] == "4*exp(-2*t)"


def test_importing_the_package_leaves_sympy_alone():
    code = "import sys, symact.analysis, symact.analysis.record; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
