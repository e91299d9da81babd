"""The grammar reads what it promises, refuses the rest in one sentence, and never lets anything else out."""

from __future__ import annotations

import contextlib
import pickle
import time
from fractions import Fraction

import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sympy import Abs, E, Max, Min, Piecewise, Rational, Symbol, exp, log, oo, pi

from symact import catalog, grammar
from symact.errors import Error

x = Symbol("x", real=True)


def read(text: str) -> sympy.Expr:
    return grammar.parse_expression(text, {"x": x})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x/(1+abs(x))", x / (1 + Abs(x))),
        ("0.1*x", x / 10),
        (".5 + 5. + 1.5e-3*x + 2E3", Rational(1, 2) + 5 + Rational(3, 2000) * x + 2000),
        ("1/3*x", x / 3),
        ("-x**2", -(x**2)),
        ("2**-x", 2 ** (-x)),
        ("2**3**2", sympy.Integer(512)),
        ("x - 1 - 2", x - 3),
        ("x*tanh(log(1 + exp(x)))", x * sympy.tanh(log(1 + exp(x)))),
        ("ln(x**2 + E) + pi", log(x**2 + E) + pi),
        ("max(x, 0) + Min(x, 1)", Max(x, 0) + Min(x, 1)),
        ("max(1, 2, 3)", sympy.Integer(3)),
        ("x if x > 0 else 0.01*x", Piecewise((x, x > 0), (x / 100, True))),
        ("x if 0 < x < 1 else 1", Piecewise((x, (x > 0) & (x < 1)), (1, True))),
        ("x if x < 0 or not x <= 1 else 1", Piecewise((x, (x < 0) | (x > 1)), (1, True))),
        (
            "x if (x > 0) & ~(x > 2) | Eq(x, -1) else 1",
            Piecewise((x, ((x > 0) & (x <= 2)) | sympy.Eq(x, -1)), (1, True)),
        ),
        (
            "x if Ne(x, 0) and x != 1 and -oo < x < oo else 1",
            Piecewise((x, sympy.Ne(x, 0) & sympy.Ne(x, 1)), (1, True)),
        ),
        ("Piecewise((log(1 + x), x > 0), (0, True))", Piecewise((log(1 + x), x > 0), (0, True))),
        (
            "LambertW(exp(x)) + LambertW(-exp(-x**2 - 1), -1)",
            sympy.LambertW(exp(x)) + sympy.LambertW(-exp(-(x**2) - 1), -1),
        ),
        ("Rational(1, 2)*x + Rational(1/4)", x / 2 + Rational(1, 4)),
        ("7", sympy.Integer(7)),
        (" \n\t x +\n 1 ", x + 1),
        ("exp(1000*x) + x**1000", exp(1000 * x) + x**1000),
        ("floor(5*x/2)", sympy.floor(5 * x / 2)),
    ],
)
def test_reads(text: str, expected: sympy.Expr) -> None:
    assert read(text) == expected
    assert not read(text).atoms(sympy.Float)


def test_every_function_is_known_by_its_sympy_name() -> None:
    for name, (printed, fewest, _) in grammar.FUNCTIONS.items():
        if name != "Rational":
            assert read(f"{name}({', '.join(['x'] * fewest)})") == getattr(sympy, printed)(*[x] * fewest)


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda entry: entry.name)
def test_what_sympy_prints_is_read_back(entry: catalog.Activation) -> None:
    symbols = {"x": entry.x, **entry.symbols}
    assert grammar.parse_expression(entry.definition, symbols) == entry.expression


@pytest.mark.parametrize(
    "expression",
    [
        Piecewise((x, x > 0), (Max(x, Min(-x, sympy.sign(x))), x < -1), (Abs(log(1 + Abs(x))), True)),
        Piecewise((x, (x > 1) | ((x < 0) & (x > -3))), (sympy.erfc(x / sympy.sqrt(2)), sympy.Eq(x, 0)), (1, True)),
        sympy.sqrt(2) * exp(-(x**2) / 2) / (2 * sympy.sqrt(pi)),
        x ** Rational(2, 3) * sympy.atan(x) ** -2,
        sympy.LambertW(exp(-x), 0) - sympy.floor(x),
        Max(x, 3, x**2, sympy.sin(x)),
    ],
    ids=str,
)
def test_printed_forms_are_read_back(expression: sympy.Expr) -> None:
    assert read(str(expression)) == expression


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("exq(x)", "did you mean exp"),
        ("y + 1", "'y' is not known at column 1"),
        ("1 + spam(x)", "the functions are"),
        ("Heaviside(x)", "'Heaviside' is not known"),
        ("x^2", "**"),
        ("|x|", "abs(x)"),
        ("2x", "write * to multiply"),
        ("2(x)", "write * to multiply"),
        ("x(x + 1)", "'x' and '(' stand side by side at column 2"),
        ("1if x > 0 else 2", "touch"),
        ("x²", "**2"),
        ("ｘ + 1", "write x"),
        ("x − 1", "write -"),
        ("е + x", "means nothing"),
        ("x.real", "means nothing at column 2"),
        ("x.__class__", "means nothing at column 2"),
        ("lambda: x", "means nothing"),
        ("[x for x in y]", "means nothing"),
        ("(x for x in x)", "not known"),
        ("exp(x=1)", "means nothing at column 6"),
        ("exp(*x)", "not part of the language"),
        ("'x'", "quotes"),
        ("f'{x}'", "means nothing"),
        ("(x := 1)", "means nothing"),
        ("exp()", "0 arguments"),
        ("exp(x, x)", "it takes 1"),
        ("log(x, 10)", "log(x)/log(b)"),
        ("max", "max(...)"),
        ("x, x", "not part of the language"),
        ("x if x else 1", "a number stands where a condition is needed"),
        ("x > 0", "a condition stands where a number is needed"),
        ("x*(x > 1)", "a condition stands where a number is needed"),
        ("(x > 1) + x", "a condition stands where a number is needed"),
        ("abs(x > 1)", "a condition stands where a number is needed"),
        ("x | x", "write abs(x)"),
        ("oo*x", "beside a comparison"),
        ("1/0", "not a finite number"),
        ("x if log(x) == asin(pi) else x", "'asin(pi)' is not a real number"),
        ("x if x < 1/0 else 1", "'1/0' is not a finite number"),
        ("x/(x - x)", "not a real function"),
        ("sqrt(-1)*x", "not a real number"),
        ("sqrt(-x**2)", "not a real function"),
        ("log(0)", "not a finite number"),
        ("x//2", "operator"),
        ("x % 2", "floor"),
        ("x in x", "not known"),
        ("x is x", "not known"),
        ("Piecewise(x)", "pairs"),
        ("Piecewise((x, 1))", "condition"),
        ("Rational(x, 2)", "numbers"),
        ("x)", "never opened at column 2"),
        ("(x", "never closed"),
        ("x +", "does not parse"),
        ("1j", "not known"),
        ("0x10", "not known"),
        ("x\x00", "means nothing"),
        ("9**9**9**9", "too large"),
        ("2**(10**9)", "too large"),
        ("exp(10**9)", "too large"),
        ("exp(10**9*log(2))", "too large"),
        ("exp(x + 10**9*log(2))", "too large"),
        ("((2*x)**1000)**1000", "too large"),
        ("(1 + 1/3**500)**1000", "too large"),
        ("floor(exp(exp(20)))", "too large"),
        ("x**100000", "too large"),
        ("x**1e399", "too large"),
        ("1e999999999", "out of range"),
        ("1" * 1300, "digits"),
        ("1" * 1250 + "*" + "1" * 1250, "too large"),
        ("1" * 10**7, "characters"),
        ("(" * 10**6 + "x" + ")" * 10**6, "characters"),
        ("(" * 100 + "x" + ")" * 100, "nested too deeply"),
        ("-" * 900 + "x", "nested too deeply"),
        ("not " * 300 + "x > 0", "nested too deeply"),
        ("**".join("x" * 400), "nested too deeply"),
        ("1 if x > 0 else " * 120 + "2", "nested too deeply"),
        ("sin(" * 20 + "x" + ")" * 20, "nested too deeply"),
        ("+".join("x" * 600), "words and signs"),
        ("a" * 5000, "not known"),
        ("max(" + ", ".join("x" * 30) + ")", "1 to 20"),
    ],
)
def test_refuses_soon_with_one_sentence(text: str, said: str) -> None:
    start = time.perf_counter()
    with pytest.raises(Error) as caught:
        read(text)
    assert time.perf_counter() - start < 1
    message = str(caught.value)
    assert said in message
    assert len(message) < 400
    assert "\n" not in message


def test_not_a_text() -> None:
    with pytest.raises(Error, match="int"):
        grammar.parse(3)  # type: ignore[arg-type]


def test_the_interpreter_warns_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    for text in ("2(x)", "1if x>0 else 2", "(1)(x)", "0else"):
        with pytest.raises(Error):
            read(text)
    assert not recwarn.list


def test_parameters_take_the_domain_of_their_value() -> None:
    entry = grammar.parse("log(1 + exp(beta*x))/beta + c*x + d", {"beta": "0.5", "c": 0, "d": -1})
    assert [(p.name, p.value, p.domain) for p in entry.parameters] == [
        ("beta", Fraction(1, 2), "positive"),
        ("c", Fraction(0), "nonnegative"),
        ("d", Fraction(-1), "real"),
    ]
    beta, c, d = entry.symbols.values()
    assert entry.expression == log(1 + exp(beta * x)) / beta + c * x + d
    assert pickle.loads(pickle.dumps(entry)).expression == entry.expression


@pytest.mark.parametrize("name", ["x", "exp", "pi", "if", "lambda", "Max", "Beta", "1a", "a b", "", "lambda.x"])
def test_misnamed_parameters(name: str) -> None:
    with pytest.raises(Error):
        grammar.parse(f"x*{name or 'y'}", {name: 1})


@pytest.mark.parametrize(
    "value",
    ["nan", "inf", "a", "1/0", float("nan"), None, "1e99999999999", 10**5000],
    ids=lambda value: str(type(value)),
)
def test_parameter_values_are_numbers(value: object) -> None:
    with pytest.raises(Error):
        grammar.parse("a*x", {"a": value})  # type: ignore[dict-item]


def test_an_unused_parameter_is_an_error() -> None:
    with pytest.raises(Error, match="gamma does not occur"):
        grammar.parse("x", {"gamma": 1})


def test_a_constant_function() -> None:
    assert grammar.parse("2").expression == 2


def test_resolve() -> None:
    assert catalog.resolve("ramp") == catalog.get("relu")
    assert catalog.resolve(" softplus ", {"beta": 2}).parameters[0].value == 2
    assert catalog.resolve(catalog.get("silu"), {"beta": 3}).parameters[0].value == 3
    assert catalog.resolve("x").expression == x
    assert catalog.resolve("pi").expression == pi
    assert catalog.resolve("a", {"a": 2}).expression == Symbol("a", real=True, positive=True)
    assert catalog.resolve("max(x, 0)").expression == Max(x, 0)
    with pytest.raises(Error, match=r"no activation called 'softpluss'.*softplus"):
        catalog.resolve("softpluss")
    with pytest.raises(Error, match="no parameter"):
        catalog.resolve("tanh", {"beta": 1})
    with pytest.raises(Error, match="name or an expression"):
        catalog.resolve(5)  # type: ignore[arg-type]


WORDS = [*grammar.FUNCTIONS, *grammar.CONDITIONAL, *grammar.CONSTANTS, *grammar._KEYWORDS]
SIGNS = [
    "+",
    "-",
    "*",
    "/",
    "**",
    "(",
    ")",
    "(",
    ")",
    ",",
    "<",
    ">=",
    "==",
    "&",
    "|",
    "~",
    ".",
    "'",
    "[",
    "^",
    "=",
    ":",
]
NUMBERS = ["0", "1", "2", "9", "10", "0.5", "1e3", "1e400", ".5", "1e-9"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(["x", "x", "x", "beta", *WORDS, *SIGNS, *NUMBERS]), max_size=14))
def test_no_sequence_of_words_gets_anything_but_an_error_out(words: list[str]) -> None:
    try:
        expression = read(" ".join(words))
    except Error:
        return
    assert not expression.has(oo, sympy.nan, sympy.zoo, sympy.I)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_no_text_gets_anything_but_an_error_out(text: str) -> None:
    with contextlib.suppress(Error):
        grammar.parse(text)


def formulas() -> st.SearchStrategy[str]:
    """Well-formed texts, so that building is reached, with extreme constants."""
    leaves = st.sampled_from(["x", "x", "x", "pi", "E", *NUMBERS])
    unary = st.sampled_from([n for n, (_, few, _) in grammar.FUNCTIONS.items() if few == 1 and n != "Rational"])

    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("{}({})".format, unary, inner),
            st.builds("({}{}{})".format, inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner),
            st.builds("({} if {}{}{} else {})".format, inner, inner, st.sampled_from(["<", ">=", "=="]), inner, inner),
        )

    return st.recursive(leaves, extend, max_leaves=7)


@settings(max_examples=400, deadline=None)
@given(formulas())
@example("(x if x<pi else pi)**(pi**9)")
@example("x+erfc(1e400)")
def test_every_formula_is_read_soon_or_refused(text: str) -> None:
    start = time.perf_counter()
    try:
        expression = read(text)
    except Error:
        pass
    else:
        assert read(str(expression)) is not None
    assert time.perf_counter() - start < 2
