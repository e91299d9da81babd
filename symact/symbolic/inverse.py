"""The slope as a function of the value: g with f'(x) = g(f(x)), where f can be solved for x in closed form.

Frameworks use such g to keep only the output for the backward pass: y*(1 - y) for the logistic sigmoid. Whether g is
accurate where y is rounded is another question, which is answered by measurement.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from sympy import (
    Dummy,
    Expr,
    Function,
    Poly,
    PolynomialError,
    Symbol,
    asin,
    asinh,
    atan,
    atanh,
    cancel,
    exp,
    fraction,
    log,
    oo,
    sin,
    sinh,
    tan,
    tanh,
    together,
)

from symact.symbolic.branches import Branches, Piece, Point
from symact.symbolic.derivatives import Derivation
from symact.symbolic.forms import human
from symact.symbolic.limits import limit_at

#: Functions of a real argument and what undoes them.
_INVERSE: dict[type[Function], Callable[[Expr], Expr]] = {
    exp: log,
    log: exp,
    tanh: atanh,
    atanh: tanh,
    atan: tan,
    sinh: asinh,
    asinh: sinh,
    asin: sin,
}

#: How far from 0, or from a piece's end, a solution is tried.
_FAR = 6.0

#: How near a solution has to come back to the input it was made from.
_CLOSE = 1e-9


def slope_of_value(derivation: Derivation) -> Branches | None:
    """The pieces of g in y = f(x), parameters symbolic; None where f is not monotone or not solved for x.

    The outermost pieces go on to both infinities, beyond the range of f. Where f is constant on a piece, g is its slope
    0 at that value and beyond it.
    """
    f, slope = derivation.function, derivation.first
    y = Symbol("y", real=True)
    found: list[Piece] = []
    flat: list[Expr] = []
    for piece, steep in zip(f.pieces, slope.pieces, strict=True):
        low = limit_at(piece.expression, f.x, piece.lower, "+")
        high = limit_at(piece.expression, f.x, piece.upper, "-")
        if low is None or high is None:
            return None
        if not piece.expression.has(f.x):
            flat.append(low)
            continue
        inverse = _solved(piece, f.x, y)
        if inverse is None:
            return None
        bounds = (low, high) if _below(low, high) else (high, low)
        expression = steep.expression
        for inner, value in inverse:
            expression = expression.subs(inner, value)
        expression = human(cancel(together(expression)), y, *bounds)
        found.append(Piece(*bounds, expression))
    found.sort(key=lambda piece: _number(piece.lower))
    if not found or any(a.upper != c.lower for a, c in itertools.pairwise(found)):
        return None
    return _whole_line(found, flat, f, slope, y)


def _whole_line(found: list[Piece], flat: list[Expr], f: Branches, slope: Branches, y: Symbol) -> Branches | None:
    """The pieces with the outermost ones continued, and the points between them."""
    first, last = found[0], found[-1]
    pieces = list(found)
    if first.lower in flat:
        pieces.insert(0, Piece(-oo, first.lower, first.lower * 0))
    else:
        pieces[0] = Piece(-oo, first.upper, first.expression)
    if last.upper in flat:
        pieces.append(Piece(last.upper, oo, last.upper * 0))
    else:
        pieces[-1] = Piece(pieces[-1].lower, oo, pieces[-1].expression)
    values = {p.value: s.value for p, s in zip(f.points, slope.points, strict=True)}
    points = []
    for before, after in itertools.pairwise(pieces):
        at = before.upper
        left, right = limit_at(before.expression, y, at, "-"), limit_at(after.expression, y, at, "+")
        value = at * 0 if at in flat else values.get(at, left)
        points.append(Point(at, left, right, value))
    return Branches(y, tuple(pieces), tuple(points))


def _solved(piece: Piece, x: Symbol, y: Symbol) -> list[tuple[Expr, Expr]] | None:
    """What the functions around x, and x at last, are in terms of y; None where no closed form is found.

    The solution is tried at some points of the piece.
    """
    steps = _undone(piece.expression, x, y)
    if steps is None:
        return None
    found = steps[-1][1]
    for place in _places(piece):
        parameters = dict.fromkeys(piece.expression.free_symbols - {x}, 1)
        value = piece.expression.subs(parameters).subs(x, place).evalf(30)
        back = found.subs(parameters).subs(y, value).evalf(20)
        if not back.is_real or abs(float(back) - place) > _CLOSE * (1 + abs(place)):
            return None
    return steps


def _undone(expression: Expr, x: Symbol, y: Expr) -> list[tuple[Expr, Expr]] | None:
    """Solves expression = y by undoing what is done to x, from the outside in."""
    steps: list[tuple[Expr, Expr]] = []
    while True:
        inner = _outermost(expression, x)
        u = Dummy("u")
        solved = _linear_fractional(expression.subs(inner, u), u, y)
        if solved is None:
            return None
        steps.append((inner, solved))
        if inner == x:
            return steps
        undo = _INVERSE.get(inner.func)
        if undo is None:
            return None
        expression, y = inner.args[0], undo(solved)


def _outermost(expression: Expr, x: Symbol) -> Expr:
    """The outermost function that holds every x of an expression; x itself where there is none."""
    functions = [node for node in expression.atoms(Function, exp) if node.has(x)]
    functions.sort(key=lambda node: -node.count_ops())
    for node in functions:
        if not expression.subs(node, Dummy()).has(x):
            return node
    return x


def _linear_fractional(expression: Expr, u: Symbol, y: Expr) -> Expr | None:
    """u from (a*u + b)/(c*u + d) = y."""
    above, below = fraction(together(expression))
    try:
        above, below = Poly(above, u), Poly(below, u)
    except PolynomialError:
        return None
    if above.degree() > 1 or below.degree() > 1:
        return None
    a, b, c, d = above.coeff_monomial(u), above.coeff_monomial(1), below.coeff_monomial(u), below.coeff_monomial(1)
    return cancel((d * y - b) / (a - c * y))


def _places(piece: Piece) -> list[float]:
    """Some points inside a piece."""
    low, high = _number(piece.lower), _number(piece.upper)
    low, high = max(low, min(high, 0.0) - _FAR), min(high, max(low, 0.0) + _FAR)
    return [low + (high - low) * share for share in (0.17, 0.41, 0.83)]


def _number(value: Expr) -> float:
    """A bound as a number, parameters being 1."""
    return float(value.subs(dict.fromkeys(value.free_symbols, 1)))


def _below(low: Expr, high: Expr) -> bool:
    return _number(low) < _number(high)
