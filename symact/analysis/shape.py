"""The shape of a function's graph, from the proved signs of f'', f' - 1, f', f - x and f."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

from flint import arb, ctx
from sympy import Expr, Interval, Rational, S, Union, expand, oo, simplify

from symact.analysis.numbers import (
    INFINITY,
    PRECISION,
    Number,
    UndecidedError,
    ball_sign,
    evaluator,
)
from symact.analysis.record import Curvature, Extremum, Range, Shape, Span, Value
from symact.analysis.signs import Domain, Signs, Solver, end_limit
from symact.symbolic.branches import Branches, Point
from symact.symbolic.derivatives import Derivation

_T = TypeVar("_T")

#: Limits at the lower and the upper end; None where there is none or it is not known.
Limits = tuple[Expr | None, Expr | None]


def shape(
    derivation: Derivation,
    limits: Mapping[str, Expr | None],
    slopes: Mapping[str, Expr | None],
    odd: bool | None,
    even: bool | None,
) -> Shape:
    """The shape of the function; what cannot be proved is None.

    Args:
        derivation: f, f' and f'' without parameters.
        limits, slopes: the limits of f and of f' per end; None where there is none or it is not known.
        odd, even: what `symmetry` says.
    """
    try:
        graph = _Graph(derivation, (limits["-oo"], limits["+oo"]), (slopes["-oo"], slopes["+oo"]))
    except UndecidedError:  # a point between two pieces has no enclosure
        return Shape(odd=odd, even=even)
    span = _or_none(graph.range)
    return Shape(
        range=span,
        bounded=None if span is None else span.lower != "-oo" and span.upper != "oo",
        monotone=_or_none(graph.monotone),
        odd=odd,
        even=even,
        convex=_or_none(graph.convex),
        lipschitz=_or_none(graph.lipschitz),
        zeros=_or_none(lambda: graph.places(lambda part: part.zeros, lambda x: S.Zero)),
        extrema=_or_none(graph.extrema),
        fixed_points=_or_none(lambda: graph.places(lambda part: part.fixed, lambda x: x)),
    )


def symmetry(function: Branches) -> tuple[bool | None, bool | None]:
    """Whether a function without parameters is odd, and whether it is even."""
    return _is_mirrored(function, -1), _is_mirrored(function, 1)


# One piece -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stretch:
    """An interval inside a piece on which some function has one sign."""

    lower: Number
    upper: Number
    sign: int


class _Part:
    """One smooth piece of f with the signs of all that is asked about it. Each may raise `UndecidedError`."""

    def __init__(
        self, solver: Solver, domain: Domain, orders: tuple[Expr, Expr, Expr], limits: Limits, slopes: Limits
    ) -> None:
        self.solver, self.domain, self.x = solver, domain, solver.x
        self.f, self.first, self.second = orders
        self._limits, self._slopes = limits, slopes

    @property
    def ends(self) -> tuple[Expr, Expr]:
        """The limits of f at the ends of the piece."""
        return _known(self._limits)

    @property
    def slopes(self) -> tuple[Expr, Expr]:
        """The limits of f' at the ends of the piece."""
        return _known(self._slopes)

    @cached_property
    def curvature(self) -> Signs:
        """The signs of f''."""
        return self.solver.signs(self.second, self.domain)

    @cached_property
    def slope(self) -> Signs:
        """The signs of f'."""
        with suppress(UndecidedError):
            return self.solver.monotone(self.first, self.curvature, self.domain, self.slopes)
        return self.solver.signs(self.first, self.domain)

    @cached_property
    def zeros(self) -> Signs:
        """The signs of f."""
        with suppress(UndecidedError):
            return self.solver.monotone(self.f, self.slope, self.domain, self.ends)
        return self.solver.signs(self.f, self.domain)

    @cached_property
    def fixed(self) -> Signs:
        """The signs of f - x."""
        lower, upper = self.slopes
        excess = self.solver.monotone(self.first - 1, self.curvature, self.domain, (lower - 1, upper - 1))
        return self.solver.monotone(self.f - self.x, excess, self.domain, (self._gap(0, "+"), self._gap(1, "-")))

    def _gap(self, index: int, side: str) -> Expr:
        """The limit of f - x at an end."""
        end = (self.domain.lower, self.domain.upper)[index].exact
        limit, slope = self.ends[index], self.slopes[index]
        if end not in (oo, -oo) or limit.is_finite or (limit == -end):
            return limit - end
        if Number.of(slope - 1).sign:
            return end * (slope - 1)
        return end_limit(self.f - self.x, self.x, end, side)

    def stretches(self, signs: Signs) -> list[_Stretch]:
        """The intervals between the roots, with their signs."""
        intervals = self.domain.stretches(signs.roots)
        return [_Stretch(*interval, sign) for interval, sign in zip(intervals, signs.signs, strict=True)]


def _known(limits: Limits) -> tuple[Expr, Expr]:
    lower, upper = limits
    if lower is None or upper is None:
        raise UndecidedError("a limit is not known")
    return lower, upper


@dataclass(frozen=True)
class _Bounds:
    """The infimum and supremum of the values on a piece, and whether they are taken."""

    lower: Number
    upper: Number
    lower_attained: bool
    upper_attained: bool

    @classmethod
    def single(cls, value: Number) -> _Bounds:
        return cls(value, value, True, True)

    @classmethod
    def of(cls, part: _Part) -> _Bounds:
        """From limits at the ends and critical values."""
        flat = part.slope.constant == 0
        values = [(Number.of(end), flat) for end in part.ends]
        values += [(root.at(part.f, part.x), True) for root in part.slope.roots]
        (lower, lower_attained), (upper, upper_attained) = _extreme(values, -1), _extreme(values, 1)
        return cls(lower, upper, lower_attained, upper_attained)

    def interval(self, ends: list[Number]) -> Interval:
        """As a SymPy set; of equal ends, that of the list stands for all, so that intervals fit together."""
        lower, upper = (next(end.decimal for end in ends if end.equals(number)) for number in (self.lower, self.upper))
        return Interval(lower, upper, not self.lower_attained, not self.upper_attained)


# All pieces ----------------------------------------------------------------------------------------------------------


class _Graph:
    def __init__(self, derivation: Derivation, limits: Limits, slopes: Limits) -> None:
        self.function = derivation.function
        self.points, self.slope_points = self.function.points, derivation.first.points
        solver = Solver(self.function.x)
        orders = zip(self.function.pieces, derivation.first.pieces, derivation.second.pieces, strict=True)
        self.parts = [
            _Part(
                solver,
                Domain(Number.of(pieces[0].lower), Number.of(pieces[0].upper)),
                (pieces[0].expression, pieces[1].expression, pieces[2].expression),
                _at_ends(self.points, limits, index),
                _at_ends(self.slope_points, slopes, index),
            )
            for index, pieces in enumerate(orders)
        ]
        self.continuous = all(point.continuous or point.removable for point in self.points)

    def range(self) -> Range:
        """The values that f takes: each piece gives an interval, each point between pieces one value."""
        taken = [_Bounds.of(part) for part in self.parts]
        taken += [_Bounds.single(Number.of(point.value)) for point in self.points if point.value is not None]
        lower, lower_attained = _extreme([(bounds.lower, bounds.lower_attained) for bounds in taken], -1)
        upper, upper_attained = _extreme([(bounds.upper, bounds.upper_attained) for bounds in taken], 1)
        ends = _distinct([end for bounds in taken for end in (bounds.lower, bounds.upper)])
        values = Union(*(bounds.interval(ends) for bounds in taken))
        return Range(lower.shown, upper.shown, lower_attained, upper_attained, str(values))

    def monotone(self) -> str:
        """The direction from the signs of f' and the steps at the points."""
        signs = {sign for part in self.parts for sign in part.slope.signs}
        steps = set(map(_step, self.points))
        for word, direction in (("increasing", 1), ("decreasing", -1)):
            if -direction not in signs | steps and direction in signs | steps:
                return word if 0 in signs else f"strictly {word}"
        return "constant" if signs | steps == {0} else "none"

    def extrema(self) -> tuple[Extremum, ...]:
        """Where f' changes from one strict sign to the other."""
        if not self.continuous:
            raise UndecidedError("f jumps")
        found = []
        for index, part in enumerate(self.parts):
            signs = part.slope.signs
            for root, (before, after) in zip(part.slope.roots, pairwise(signs), strict=True):
                if before * after < 0:
                    found.append(_extremum(root, root.at(part.f, part.x), before))
            if index < len(self.points):
                before, after = signs[-1], self.parts[index + 1].slope.signs[0]
                if before * after < 0:
                    point = self.points[index]
                    found.append(_extremum(Number.of(point.x), Number.of(point.value), before))
        return tuple(found)

    def lipschitz(self) -> Value:
        """The supremum of |f'|: f' is monotone between roots of f'', so limits and critical values are enough."""
        if not self.continuous:
            return INFINITY.shown
        sizes = [Number.of(abs(end)) for part in self.parts for end in part.slopes]
        sizes += [abs(root.at(part.first, part.x)) for part in self.parts for root in part.curvature.roots]
        return _extreme([(size, False) for size in sizes], 1)[0].shown

    def convex(self) -> Curvature:
        """The longest runs of stretches without a sign of f'' or a kink that bends the other way."""
        return Curvature(tuple(self._bent(1)), tuple(self._bent(-1)))

    def _bent(self, direction: int) -> Iterator[Span]:
        start: Number | None = None
        for index, part in enumerate(self.parts):
            for stretch in part.stretches(part.curvature):
                if stretch.sign * direction < 0 and start is not None:
                    yield Span(start.shown, stretch.lower.shown)
                    start = None
                elif stretch.sign * direction >= 0 and start is None:
                    start = stretch.lower
            if start is not None and not (index < len(self.points) and self._bends(index, direction)):
                yield Span(start.shown, part.domain.upper.shown)
                start = None

    def _bends(self, index: int, direction: int) -> bool:
        """Whether f is continuous at a point and f' does not step against the direction there."""
        point = self.points[index]
        left, right = _known((self.slope_points[index].left, self.slope_points[index].right))
        step = Number.of(right).compare(Number.of(left))
        return (point.continuous or point.removable) and step * direction >= 0

    def places(self, signs_of: Callable[[_Part], Signs], line: Callable[[Expr], Expr]) -> tuple[Value | Span, ...]:
        """Where f meets a line: isolated points, and spans on which it is the line."""
        found: list[tuple[Number, Number]] = []
        for index, part in enumerate(self.parts):
            signs = signs_of(part)
            if signs.constant == 0:
                if found and found[-1][1].compare(part.domain.lower) == 0:
                    found[-1] = (found[-1][0], part.domain.upper)
                else:
                    found.append((part.domain.lower, part.domain.upper))
            found += [(root, root) for root in signs.roots]
            if index < len(self.points):
                point = self.points[index]
                if point.value is not None and Number.of(point.value - line(point.x)).sign == 0:
                    at = Number.of(point.x)
                    if not (found and found[-1][1].compare(at) == 0):
                        found.append((at, at))
        return tuple(lower.shown if lower is upper else Span(lower.shown, upper.shown) for lower, upper in found)


def _or_none(question: Callable[[], _T]) -> _T | None:
    try:
        return question()
    except UndecidedError:
        return None


def _at_ends(points: tuple[Point, ...], limits: Limits, index: int) -> Limits:
    """The limits at both ends of the piece of that index."""
    lower = points[index - 1].right if index > 0 else limits[0]
    upper = points[index].left if index < len(points) else limits[1]
    return lower, upper


def _step(point: Point) -> int:
    """The direction in which a function steps at a point: 0 where it is continuous.

    Raises:
        UndecidedError: it steps up and down, or a limit is not known.
    """
    left, right = map(Number.of, _known((point.left, point.right)))
    middle = left if point.value is None else Number.of(point.value)
    before, after = middle.compare(left), right.compare(middle)
    if before * after < 0:
        raise UndecidedError("f steps in both directions at a point")
    return before or after


def _extreme(numbers: list[tuple[Number, bool]], direction: int) -> tuple[Number, bool]:
    """The largest (direction 1) or smallest number, and whether one of those equal to it is marked.

    Raises:
        UndecidedError: a marked number and one that is not are too near each other to know the order.
    """
    best, marked = numbers[0]
    for number, mark in numbers[1:]:
        try:
            order = number.compare(best) * direction
        except UndecidedError:
            if mark != marked:
                raise
            best = best.joined(number)
            continue
        if order > 0:
            best, marked = number, mark
        elif order == 0:
            marked = marked or mark
    return best, marked


def _distinct(numbers: list[Number]) -> list[Number]:
    """The numbers without repetitions."""
    found: list[Number] = []
    for number in numbers:
        if not any(number.equals(other) for other in found):
            found.append(number)
    return found


def _extremum(at: Number, value: Number, before: int) -> Extremum:
    return Extremum(at.shown, value.shown, "minimum" if before < 0 else "maximum")


def _is_mirrored(function: Branches, parity: int) -> bool | None:
    """Whether f(-x) = parity*f(x): refuted by enclosures at a few points, proved piece by piece."""
    x = function.x
    try:
        with ctx.workprec(PRECISION):
            for sample in (Rational(1, 3), S.One, Rational(7, 3), Rational(21, 4)):
                right, left = _value(function, sample), _value(function, -sample)
                if right is not None and left is not None and ball_sign(left - parity * right):
                    return False
    except UndecidedError:
        pass
    for piece, mirror in zip(function.pieces, reversed(function.pieces), strict=True):
        if piece.lower != -mirror.upper or not _vanishes(piece.expression.subs(x, -x) - parity * mirror.expression):
            return None
    for point, other in zip(function.points, reversed(function.points), strict=True):
        if point.value is None and other.value is None:
            continue
        if point.value is None or other.value is None or not _vanishes(point.value - parity * other.value):
            return False if point.x == -other.x else None
    return True


def _value(function: Branches, at: Expr) -> arb | None:
    """An enclosure of f there; None at a point between pieces."""
    for piece in function.pieces:
        if piece.lower < at < piece.upper:
            return evaluator(piece.expression, function.x)(evaluator(at, function.x)(arb(0)))
    return None


def _vanishes(expression: Expr) -> bool:
    return bool(expression == 0 or expand(expression) == 0 or simplify(expression) == 0)
