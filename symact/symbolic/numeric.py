"""Formulas as functions of numbers, for tables and pictures; without SymPy, which takes half a second to import.

The text is Python syntax, read by the standard parser and evaluated by mpmath; nothing is executed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import mpmath

from symact.errors import Error

#: Enough that 1 - tanh(x)**2 keeps its digits down to the smallest number a float holds, about 1e-324.
_DIGITS = 350

#: Arguments beyond this have a result that no float holds, and mpmath would try to hold it.
_LARGEST = mpmath.ldexp(1, 4096)

#: The same for erf and erfc, which mpmath computes less far.
_LARGEST_ERF = mpmath.ldexp(1, 500)

#: The value of a subexpression when the names have values.
_Evaluate = Callable[[Mapping[str, Any]], Any]


def function(
    formula: str, variable: str = "x", parameters: Mapping[str, str] | None = None
) -> Callable[[float], float]:
    """The formula as a function of one number, right to about 15 digits; NaN where it has no real value.

    Args:
        formula: SymPy syntax, such as an analysis document has.
        variable: the name of its variable.
        parameters: exact values of the other names in it.

    Raises:
        Error: the formula does not parse.
    """
    evaluate = _read(formula, {variable, *(parameters or {})})
    values = {name: _read(value, set()) for name, value in (parameters or {}).items()}

    def number(x: float) -> float:
        with mpmath.workdps(_DIGITS):
            try:
                names = {name: value({}) for name, value in values.items()}
                return float(evaluate({**names, variable: mpmath.mpf(x)}))
            except (ArithmeticError, TypeError, ValueError, mpmath.mp.NoConvergence):
                return float("nan")

    return number


def _read(formula: str, names: set[str]) -> _Evaluate:
    try:
        return _compiled(ast.parse(formula.strip(), mode="eval").body, names)
    except (SyntaxError, RecursionError, KeyError):
        raise Error(f"'{formula[:60]}' is no formula", "it is in SymPy syntax") from None


def _compiled(node: ast.expr, names: set[str]) -> _Evaluate:
    """Raises KeyError where a name or an operation is unknown."""
    match node:
        case ast.Constant(value=bool() as truth):
            return lambda values: truth
        case ast.Constant(value=int() | float() as number):
            text = repr(number)
            return lambda values: mpmath.mpf(text)
        case ast.Name(id=name) if name in names:
            return operator.itemgetter(name)
        case ast.Name(id=name):
            constant = _CONSTANTS[name]
            return lambda values: +constant
        case ast.Call(func=ast.Name(id="Piecewise"), args=cases, keywords=[]):
            return _piecewise([_pair(case, names) for case in cases])
        case ast.IfExp(test=test, body=body, orelse=otherwise):
            first = (_compiled(body, names), _compiled(test, names))
            return _piecewise([first, (_compiled(otherwise, names), lambda values: True)])
        case ast.Call(func=ast.Name(id=name), args=operands, keywords=[]):
            apply = _FUNCTIONS[name]
        case ast.BinOp(left=left, op=operation, right=right):
            apply, operands = _OPERATIONS[type(operation)], [left, right]
        case ast.UnaryOp(op=sign, operand=operand):
            apply, operands = _SIGNS[type(sign)], [operand]
        case ast.BoolOp(op=operation, values=operands):
            every = isinstance(operation, ast.And)
            apply = (lambda *truths: all(truths)) if every else (lambda *truths: any(truths))
        case ast.Compare(left=left, ops=signs, comparators=others):
            operands = [left, *others]
            apply = _chain([_COMPARISONS[type(sign)] for sign in signs])
        case _:
            raise KeyError
    parts = [_compiled(operand, names) for operand in operands]
    return lambda values: apply(*(part(values) for part in parts))


def _pair(node: ast.expr, names: set[str]) -> tuple[_Evaluate, _Evaluate]:
    match node:
        case ast.Tuple(elts=[value, condition]):
            return _compiled(value, names), _compiled(condition, names)
    raise KeyError


def _piecewise(pairs: list[tuple[_Evaluate, _Evaluate]]) -> _Evaluate:
    """The value of the first case whose condition holds; no other is computed."""

    def value(values: Mapping[str, Any]) -> Any:
        return next((case(values) for case, condition in pairs if condition(values)), mpmath.nan)

    return value


def _chain(comparisons: list[Callable[[Any, Any], bool]]) -> Callable[..., bool]:
    def holds(*operands: Any) -> bool:
        return all(c(a, b) for c, a, b in zip(comparisons, operands, operands[1:], strict=False))

    return holds


def _power(base: Any, exponent: Any) -> Any:
    """A power, at once where the exponent is beyond all reason."""
    if abs(exponent) < _LARGEST:
        return base**exponent
    size = abs(base)
    return mpmath.mpf(1) if size == 1 else mpmath.inf if (size > 1) == (exponent > 0) else mpmath.mpf(0)


def _bounded(name: str, beyond: Callable[[Any], Any], largest: Any = _LARGEST) -> Callable[[Any], Any]:
    """A function of mpmath's that answers at once where the argument is beyond all reason."""
    apply = getattr(mpmath, name)
    return lambda x: apply(x) if abs(x) < largest else beyond(x)


_CONSTANTS = {"pi": mpmath.pi, "E": mpmath.e, "oo": mpmath.inf}
_OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: _power,
    ast.BitAnd: lambda a, b: a and b,
    ast.BitOr: lambda a, b: a or b,
}
_SIGNS: dict[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Invert: operator.not_,
}
_COMPARISONS: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": _bounded("exp", lambda x: mpmath.inf if x > 0 else mpmath.mpf(0)),
    "sinh": _bounded("sinh", lambda x: mpmath.inf * mpmath.sign(x)),
    "cosh": _bounded("cosh", lambda x: mpmath.inf),
    "tanh": _bounded("tanh", mpmath.sign),
    **{name: _bounded(name, lambda x: mpmath.nan) for name in ("sin", "cos", "tan")},
    "erf": _bounded("erf", mpmath.sign, _LARGEST_ERF),
    "erfc": _bounded("erfc", lambda x: 1 - mpmath.sign(x), _LARGEST_ERF),
    **{name: getattr(mpmath, name) for name in ("log", "sqrt", "sign", "floor")},
    **{name: getattr(mpmath, name) for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")},
    "ln": mpmath.log,
    "Abs": abs,
    "abs": abs,
    "LambertW": mpmath.lambertw,
    "Max": max,
    "Min": min,
    "max": max,
    "min": min,
    "Rational": lambda p, q=1: mpmath.mpf(p) / q,
    "Eq": operator.eq,
    "Ne": operator.ne,
}
