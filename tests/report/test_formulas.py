"""Formulas for people, made from SymPy's text."""

from __future__ import annotations

import pytest
from sympy.parsing.sympy_parser import implicit_multiplication, parse_expr, standard_transformations

from symact import catalog
from symact.report import formulas

TEXT = {
    "1/((Abs(x) + 1)*(log(Abs(x) + 1) + 1)**2)": "1/((|x| + 1)·(ln(|x| + 1) + 1)²)",
    "4*exp(-2*t)": "4·exp(-2t)",
    "1/(t*log(t)**2)": "1/(t·ln(t)²)",
    "-2*x/(x**2 + 1)**2": "-2x/(x² + 1)²",
    "t**(-3/2)": "t^(-3/2)",
    "2**(-x)": "2^(-x)",
    "-x**2": "-x²",
    "(-x)**2": "(-x)²",
    "a - (b - c)": "a - (b - c)",
    "a/(b*c)": "a/(b·c)",
    "2*3*x": "2·3·x",
    "x**10": "x^10",
    "-oo": "-∞",
    "sqrt(2)*sqrt(pi)*sqrt(x + 1)": "√2·√π·sqrt(x + 1)",
    "atan(x)": "arctan(x)",
    "Max(0, x)": "max(0, x)",
    "Piecewise((1/(x + 1), x > 0), (0, True))": "1/(x + 1) if x > 0, 0 otherwise",
    "Piecewise((1, (x >= 0) & (x < 1)), (0, Ne(x, 3)))": "1 if x ≥ 0 and x < 1, 0 if x ≠ 3",
    "Interval.open(-oo, 0)": "(-∞, 0)",
    "Interval.Lopen(-1, 1)": "(-1, 1]",
    "Interval(0, oo)": "[0, ∞)",
}

LATEX = {
    "1/((Abs(x) + 1)*(log(Abs(x) + 1) + 1)**2)": (
        r"\frac{1}{\left(\left\lvert x \right\rvert + 1\right)"
        r" \left(\ln\left(\left\lvert x \right\rvert + 1\right) + 1\right)^{2}}"
    ),
    "4*exp(-2*t)": r"4 e^{-2 t}",
    "-3/(x + 1)": r"-\frac{3}{x + 1}",
    "-(x + 3)/x": r"-\frac{x + 3}{x}",
    "2*3*x": r"2 \cdot 3 x",
    "exp(x)**2": r"\left(e^{x}\right)^{2}",
    "sqrt(pi)": r"\sqrt{\pi}",
    "beta*steep_ness": r"\beta \mathit{steep\_ness}",
    "Piecewise((x, x <= 0), (0, True))": r"\begin{cases} x & \text{if } x \le 0 \\ 0 & \text{otherwise} \end{cases}",
}


@pytest.mark.parametrize(("formula", "shown"), TEXT.items())
def test_text(formula: str, shown: str) -> None:
    assert formulas.text(formula) == shown


@pytest.mark.parametrize(("formula", "shown"), LATEX.items())
def test_latex(formula: str, shown: str) -> None:
    assert formulas.latex(formula) == shown


@pytest.mark.parametrize("formula", TEXT)
def test_ascii_is_ascii(formula: str) -> None:
    assert formulas.text(formula, ascii_only=True).isascii()


@pytest.mark.parametrize(
    "entry", [e for e in catalog.entries() if "Piecewise" not in e.definition], ids=lambda entry: entry.name
)
def test_plain_text_means_the_same_expression(entry: catalog.Activation) -> None:
    """The ASCII form is read back by SymPy's own parser, so a lost parenthesis shows."""
    shown = formulas.text(entry.definition, ascii_only=True).replace("^", "**").replace("ln(", "log(")
    shown = shown.replace("arctan", "atan").replace("max", "Max").replace("|x|", "Abs(x)")
    symbols = {symbol.name: symbol for symbol in entry.expression.free_symbols}
    reading = (*standard_transformations, implicit_multiplication)  # 2x is a product
    assert parse_expr(shown, local_dict=symbols, transformations=reading) - entry.expression == 0


def test_long_cases_stand_on_lines_of_their_own() -> None:
    wide = "a + b + c + d + e + f + g + h + i"
    assert formulas.text(f"Piecewise(({wide}, x > 0), ({wide}, True))").count("\n") == 1


def test_ends_of_an_interval() -> None:
    assert formulas.ends("Interval.open(-oo, log(2))") == ("-oo", "log(2)")


def test_what_is_no_formula_is_refused() -> None:
    with pytest.raises(ValueError, match="no formula"):
        formulas.text("lambda: 0")
