"""Keys of tails as text: reading the data files, computing both ends of f', and comparing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from sympy import Expr, Rational, Symbol

from symact import grammar
from symact.analysis.tail import PARAMETERS, Tail
from symact.analysis.tails import derivative_tail
from symact.symbolic.branches import split

ENDS = {"right": 1, "left": -1}

_T = Symbol("t", positive=True)


def keys(name: str) -> dict[str, dict[str, Any]]:
    """The entries of a data file beside this module."""
    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


def tail(expression: str, side: int) -> Tail:
    """The tail of f' at one end."""
    activation = grammar.parse(expression)
    branches = split(activation)
    piece = branches.pieces[-1 if side > 0 else 0]
    return derivative_tail(piece.expression.subs(branches.x, side * _T), _T, side)


def expected(entry: dict[str, Any], end: str) -> tuple[list[Any], int]:
    """The key of one end, and the sign that its leading term and limit take."""
    key = entry[end]
    if isinstance(key, str):
        return entry["right"], -1 if key == "odd" else 1
    return key, 1


def check(found: Tail, key: list[Any], sign: int = 1) -> None:
    """The tail is as the key says; leading terms may be written differently."""
    kind, *rest = key
    assert found.kind == kind, found.reason or found.leading
    if kind == "undetermined":
        assert found.reason is not None
        assert rest[0] in found.reason
        return
    approach = rest.pop() if rest and isinstance(rest[-1], list) else None
    names = [name for name in PARAMETERS[kind] if name != "approach"]
    if kind == "constant":
        rest.append(rest[0])
    for name in names:
        value = rest.pop(0)
        parameter = found.parameters[name]
        assert isinstance(parameter, str)
        assert parameter == value or (kind == "constant" and _same(parameter, value, sign)), (name, parameter)
    if rest:
        assert found.leading is not None
        assert _same(found.leading, rest[0], sign), found.leading
    if kind == "constant":
        below = found.parameters["approach"]
        if approach is None:
            assert below is None
        else:
            assert isinstance(below, Tail)
            check(below, approach, sign)


def _same(found: str, key: str, sign: int) -> bool:
    """Whether two expressions in t agree to 20 digits at two points where all logarithms are real."""
    a, b = (_parsed(text) for text in (found, key))
    return all(
        abs((a - sign * b).subs(_T, point).evalf(30)) <= abs(b.subs(_T, point).evalf(30)) * 1e-20
        for point in (Rational(7, 2), Rational(21, 4))
    )


def _parsed(text: str) -> Expr:
    return grammar.parse_expression(text, {"t": _T})
