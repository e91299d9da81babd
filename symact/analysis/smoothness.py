"""How many continuous derivatives a function has, and where one is missing."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Expr, diff

from symact.analysis.record import Kink, Removable, Smoothness
from symact.symbolic.branches import Branches, Point, same_as
from symact.symbolic.derivatives import Derivation
from symact.symbolic.forms import equal
from symact.symbolic.limits import limit_at

#: Orders that are compared one by one before the class is left open.
_HIGHEST = 5


def smoothness(derivation: Derivation) -> Smoothness:
    """The exact class from one-sided limits at the points between pieces; inside a piece a function is analytic.

    Args:
        derivation: f, f' and f'' without parameters.
    """
    function, first = derivation.function, derivation.first
    removable = tuple(Removable(str(p.x), str(p.value)) for p in function.points if p.removable)
    orders = [_order(derivation, index) for index in range(len(function.points))]
    kinks = tuple(_kink(point) for point, order in zip(first.points, orders, strict=True) if order == 0)
    return Smoothness(_class(orders), kinks, removable)


#: The order of a point around which the function is analytic, and of one where a limit or the answer is not known.
_ANALYTIC, _UNKNOWN = float("inf"), None


def _class(orders: list[float | None]) -> str | None:
    known = [order for order in orders if order is not None]
    least = min(known, default=_ANALYTIC)
    if least == -1:
        return "discontinuous"
    if len(known) < len(orders):
        return None
    return "Cinf" if least == _ANALYTIC else f"C{int(least)}"


def _kink(point: Point) -> Kink:
    left, right, value = (None if v is None else str(v) for v in (point.left, point.right, point.value))
    return Kink(str(point.x), left, right, value)


def _order(derivation: Derivation, index: int) -> float | None:
    """The highest order of a derivative that is continuous at a point; -1 where f itself is not."""
    function = derivation.function
    point = function.points[index]
    if not (point.continuous or point.removable):
        return -1
    before, after = function.pieces[index].expression, function.pieces[index + 1].expression
    # The same meromorphic formula on both sides that stays finite is analytic.
    if equal(before, after, function.x) and before.is_meromorphic(function.x, point.x):
        return _ANALYTIC
    for order, (left, right) in enumerate(_one_sided(derivation, index), start=1):
        if left is None or right is None:
            return _UNKNOWN
        if left != same_as(left, right) or not left.is_finite:
            return order - 1
    return _UNKNOWN


def _one_sided(derivation: Derivation, index: int) -> Iterator[tuple[Expr | None, Expr | None]]:
    """The limits of f', f'', f''' ... at a point from both sides."""
    for branches in (derivation.first, derivation.second):
        yield branches.points[index].left, branches.points[index].right
    second: Branches = derivation.second
    x, at = second.x, second.points[index].x
    before, after = second.pieces[index].expression, second.pieces[index + 1].expression
    for _ in range(3, _HIGHEST + 1):
        before, after = diff(before, x), diff(after, x)
        yield limit_at(before, x, at, "-"), limit_at(after, x, at, "+")
