"""Formulas as functions of numbers, for tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import mpmath
from sympy import Rational, Symbol, lambdify

from symact.grammar import parse_expression

#: Enough that 1 - tanh(x)**2 keeps its digits down to the smallest number a float holds, about 1e-324.
_DIGITS = 350


def function(formula: str, variable: str = "x", parameters: Mapping[str, str] | None = None) -> Callable[[float], float]:
    """The formula as a function of one number, right to about 15 digits; NaN where it has no real value.

    Args:
        formula: SymPy syntax.
        variable: the name of its variable.
        parameters: exact values of the other names in it.

    Raises:
        Error: the formula does not parse.
    """
    values = {Symbol(name): Rational(value) for name, value in (parameters or {}).items()}
    symbol = Symbol(variable)
    expression = parse_expression(formula, {variable: symbol, **{s.name: s for s in values}}).subs(values)
    evaluate = lambdify(symbol, expression, "mpmath")

    def number(x: float) -> float:
        with mpmath.workdps(_DIGITS):
            try:
                return float(evaluate(mpmath.mpf(x)))
            except (ZeroDivisionError, TypeError, ValueError):
                return float("nan")

    return number
