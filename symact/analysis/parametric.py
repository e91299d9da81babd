"""Limits and tails with symbolic parameters, let through by those that are confirmed at several values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sympy import Expr, Rational, Symbol, diff, oo, simplify, sympify

from symact.analysis.record import ENDS, Parametric
from symact.analysis.tail import Tail
from symact.analysis.tails import class_of, derivative_tail
from symact.symbolic.branches import Branches
from symact.symbolic.leading import leading_term
from symact.symbolic.limits import limit_at
from symact.symbolic.series import UndecidedError

_Values = Mapping[Symbol, Expr]

#: Beside the values in force each parameter takes one near each of these, and no two the same.
_TRIALS = (Rational(2, 7), Rational(12, 5))


def parametric(function: Branches, values: _Values) -> Parametric | None:
    """What holds for all positive values of the parameters.

    Args:
        function: f with symbolic parameters.
        values: the parameters' values in force.

    Returns:
        None where there are no parameters, one of the values is not positive, or nothing was found.
    """
    if not values or not all(value.is_positive for value in values.values()) or any(str(p) == "t" for p in values):
        return None
    positive = {parameter: Symbol(parameter.name, positive=True) for parameter in values}
    choices = [{positive[parameter]: value for parameter, value in values.items()}]
    choices += [{p: trial + Rational(i, 13) for i, p in enumerate(positive.values())} for trial in _TRIALS]
    t = Symbol("t", positive=True)
    limits: dict[str, str | None] = {}
    tails: dict[str, Tail | None] = {}
    for end, side in zip(ENDS, (1, -1), strict=True):
        piece = function.pieces[-1 if side > 0 else 0].expression.subs(positive).subs(function.x, side * t)
        limits[end] = _limit(piece, t, choices)
        tails[end] = _tail(piece, t, side, choices)
    found = any(each is not None for each in (*limits.values(), *tails.values()))
    return Parametric(limits, tails) if found else None


def _limit(f_of_t: Expr, t: Symbol, choices: Sequence[_Values]) -> str | None:
    limit = limit_at(f_of_t, t, oo, "-")
    if limit is None:
        return None
    agree = all(_equal(limit.subs(choice), limit_at(f_of_t.subs(choice), t, oo, "-")) for choice in choices)
    return str(limit) if agree else None


def _tail(f_of_t: Expr, t: Symbol, side: int, choices: Sequence[_Values]) -> Tail | None:
    try:
        tail = _derived(side * diff(f_of_t, t), t)
    except UndecidedError:
        return None
    symbols = {str(symbol): symbol for symbol in (t, *choices[0])}
    agree = all(_agrees(tail, derivative_tail(f_of_t.subs(choice), t, side), symbols, choice) for choice in choices)
    return tail if agree else None


def _derived(g: Expr, t: Symbol) -> Tail:
    leading = leading_term(g, t)
    if leading.sign == 0:
        return Tail("dead", "0", {}, _EVIDENCE)
    kind, parameters = class_of(leading, t)
    if kind == "constant":
        approach = _derived(g - leading.constant, t)
        parameters = {"limit": str(leading.constant), "approach": None if approach.kind == "dead" else approach}
    return Tail(kind, str(leading.expression), parameters, _EVIDENCE)


_EVIDENCE = {
    "method": "multiseries expansion with symbolic parameters",
    "checked": "tails confirmed at three choices of the parameters' values",
}


def _agrees(tail: Tail, at_values: Tail, symbols: Mapping[str, Symbol], choice: _Values) -> bool:
    """Whether a tail with parameters becomes another one, confirmed, at the parameters' values."""
    if tail.kind != at_values.kind:
        return False
    for claimed, confirmed in _pairs(tail, at_values):
        if isinstance(claimed, Tail) and isinstance(confirmed, Tail):
            if not _agrees(claimed, confirmed, symbols, choice):
                return False
        elif isinstance(claimed, str) and isinstance(confirmed, str):
            # What stands in records is this package's own text.
            if claimed != confirmed and not _equal(sympify(claimed, symbols).subs(choice), sympify(confirmed, symbols)):
                return False
        elif claimed is not confirmed:
            return False
    return True


def _pairs(a: Tail, b: Tail) -> Iterator[tuple[str | Tail | None, str | Tail | None]]:
    yield a.leading, b.leading
    for name in a.parameters:
        yield a.parameters[name], b.parameters[name]


def _equal(a: Expr, b: Expr | None) -> bool:
    return b is not None and (a == b or (a.is_finite is not False and simplify(a - b) == 0))
