"""A real function as smooth pieces on open intervals, with what happens at the points between them.

Abs, sign, Max, Min, Heaviside and Piecewise are resolved: the line is cut at the real roots of their arguments,
and on each part every such function is replaced by what it is there. Poles and removable 0/0 points cut too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sympy import (
    Abs,
    Add,
    Eq,
    Expr,
    Float,
    Heaviside,
    Interval,
    LambertW,
    Max,
    Min,
    Mul,
    Ne,
    Piecewise,
    Pow,
    Rational,
    S,
    Symbol,
    acosh,
    asin,
    atanh,
    acos,
    floor,
    log,
    oo,
    sign,
    solveset,
)
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean, BooleanFunction

from symact.activation import Activation
from symact.errors import Error
from symact.symbolic.limits import limit_at

_SWITCHES = (Abs, sign, Max, Min, Heaviside, Piecewise)

#: Parameter values tried when a sign has to be known for a whole domain.
_TRIALS = {
    "positive": (Rational(1, 7), S.One, Rational(9, 2)),
    "nonnegative": (Rational(1, 7), S.One, Rational(9, 2)),
    "real": (Rational(-9, 2), Rational(-1, 7), Rational(1, 7), S.One, Rational(9, 2)),
}


@dataclass(frozen=True)
class Piece:
    """A smooth expression on the open interval (lower, upper)."""

    lower: Expr
    upper: Expr
    expression: Expr

    @property
    def interval(self) -> Interval:
        """The open interval as a SymPy set."""
        return Interval.open(self.lower, self.upper)


@dataclass(frozen=True)
class Point:
    """A point between two pieces: the one-sided limits and the value the function has there.

    ``value`` is the definition's own value where it has one, else the common limit (then ``removable``), else None.
    """

    x: Expr
    left: Expr | None
    right: Expr | None
    value: Expr | None
    removable: bool = False

    @property
    def continuous(self) -> bool:
        """Both one-sided limits exist, are finite and equal the value."""
        return self.value is not None and self.left == self.right == self.value


@dataclass(frozen=True)
class Branches:
    """A function of ``x`` as pieces from left to right and the points between them."""

    x: Symbol
    pieces: tuple[Piece, ...]
    points: tuple[Point, ...]

    @cached_property
    def left(self) -> Piece:
        """The piece that reaches to -oo."""
        return self.pieces[0]

    @cached_property
    def right(self) -> Piece:
        """The piece that reaches to +oo."""
        return self.pieces[-1]

    def subs(self, values: Mapping[Symbol, Expr]) -> Branches:
        """The same function with parameters replaced by values."""

        def put(expression: Expr | None) -> Expr | None:
            return None if expression is None else expression.subs(values)

        return Branches(
            self.x,
            tuple(Piece(put(p.lower), put(p.upper), put(p.expression)) for p in self.pieces),
            tuple(Point(put(p.x), put(p.left), put(p.right), put(p.value), p.removable) for p in self.points),
        )
