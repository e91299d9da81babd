"""f' and f'' per piece, in the form a person writes."""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Symbol, diff, sympify

from symact.activation import Activation
from symact.symbolic.branches import Branches, Piece, Point, same_as, split
from symact.symbolic.forms import human
from symact.symbolic.limits import limit_at


@dataclass(frozen=True)
class Derivation:
    """An activation's pieces and those of its first two derivatives, parameters symbolic."""

    function: Branches
    first: Branches
    second: Branches


def derive(activation: Activation, function: Branches | None = None) -> Derivation:
    """The pieces of f, f' and f''.

    Args:
        activation: the definition.
        function: its pieces, where somebody has them already.

    At a point where f' has a jump it takes the value that the definition names (``derivative_at``), else its left
    limit; f'' takes its left limit. Where f is undefined, so are they.

    Raises:
        Error: see `symact.symbolic.branches.split`.
    """
    function = split(activation) if function is None else function
    chosen = {sympify(at): sympify(value) for at, value in activation.derivative_at.items()}
    first = _derivative(function, chosen)
    return Derivation(function, first, _derivative(first, {}))


def derive_by(parameter: Symbol, function: Branches) -> Branches:
    """The pieces of the partial derivative with respect to a parameter; between them it takes its left limit."""
    return _derivative(function, {}, parameter)


def _derivative(function: Branches, chosen: dict[object, object], by: Symbol | None = None) -> Branches:
    """Piece by piece; differentiating before branching would leave DiracDelta, sign and Derivative behind."""
    x = function.x
    by = x if by is None else by
    pieces = tuple(Piece(p.lower, p.upper, human(diff(p.expression, by), x, p.lower, p.upper)) for p in function.pieces)
    points = []
    for index, point in enumerate(function.points):
        left = limit_at(pieces[index].expression, x, point.x, "-")
        right = same_as(left, limit_at(pieces[index + 1].expression, x, point.x, "+"))
        value = None if point.value is None else chosen.get(point.x, left)
        points.append(Point(point.x, left, right, value))
    return Branches(x, pieces, tuple(points))
