"""Formulas as functions of numbers, for tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
from sympy import Rational, Symbol, lambdify

from symact.grammar import parse_expression

#: Enough that 1 - tanh(x)**2 keeps its digits down to the smallest number a float holds, about 1e-324.
_DIGITS = 350


#: Arguments beyond this have a result that no float holds, and mpmath would try to hold it.
_LARGEST = mpmath.ldexp(1, 4096)


def _bounded(name: str, beyond: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of mpmath's that answers at once where the argument is beyond all reason."""
    function = getattr(mpmath, name)
    return lambda x: function(x) if abs(x) < _LARGEST else beyond(x)


_FUNCTIONS = {
    "exp": _bounded("exp", lambda x: mpmath.inf if x > 0 else mpmath.mpf(0)),
    "sinh": _bounded("sinh", lambda x: mpmath.inf * mpmath.sign(x)),
    "cosh": _bounded("cosh", lambda x: mpmath.inf),
    "tanh": _bounded("tanh", mpmath.sign),
    **{name: _bounded(name, lambda x: mpmath.nan) for name in ("sin", "cos", "tan")},
}


def function(
    formula: str, variable: str = "x", parameters: Mapping[str, str] | None = None
) -> Callable[[float], float]:
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
    evaluate = lambdify(symbol, expression, [_FUNCTIONS, "mpmath"])

    def number(x: float) -> float:
        with mpmath.workdps(_DIGITS):
            try:
                return float(evaluate(mpmath.mpf(x)))
            except (ArithmeticError, TypeError, ValueError):
                return float("nan")

    return number
