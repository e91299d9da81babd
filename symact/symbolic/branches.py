"""A real function as smooth pieces on open intervals, with what happens at the points between them.

Abs, sign, Max, Min, Heaviside and Piecewise are resolved: the line is cut at the real roots of their arguments,
and on each part every such function is replaced by what it is there. Poles, branch points and removable 0/0 points
cut too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from sympy import (
    Abs,
    EmptySet,
    Expr,
    FiniteSet,
    Heaviside,
    Integer,
    Interval,
    LambertW,
    Max,
    Min,
    Piecewise,
    Poly,
    Pow,
    Rational,
    S,
    Symbol,
    acos,
    acosh,
    asin,
    atanh,
    exp,
    floor,
    log,
    oo,
    real_roots,
    sign,
    simplify,
    solveset,
    tan,
)
from sympy.core.relational import Relational
from sympy.polys.polyerrors import PolynomialError

from symact.activation import Activation
from symact.errors import Error
from symact.symbolic.limits import limit_at

_SWITCHES = (Abs, sign, Max, Min, Heaviside, Piecewise)

#: Values tried for a parameter when a sign or an order has to hold on its whole domain.
_TRIALS = {
    "positive": (Rational(1, 7), S.One, Rational(9, 2)),
    "nonnegative": (Rational(1, 7), S.One, Rational(9, 2)),
    "real": (Rational(-9, 2), Rational(-1, 7), Rational(1, 7), S.One, Rational(9, 2)),
}

#: How far the second point at which a piece is looked at lies from the first towards the piece's lower end.
_FRACTION = Rational(19, 50)

#: Where a function leaves the reals or stops being smooth: what has to be nonzero there.
_SINGULAR: dict[Any, Callable[[Expr], Iterable[Expr]]] = {
    log: lambda u: (u,),
    asin: lambda u: (u - 1, u + 1),
    acos: lambda u: (u - 1, u + 1),
    atanh: lambda u: (u - 1, u + 1),
    acosh: lambda u: (u - 1,),
    LambertW: lambda u: (u + exp(-1),),
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

    def subs(self, values: Mapping[Symbol, Expr]) -> Branches:
        """The same function with parameters replaced by values."""

        def put(expression: Expr | None) -> Expr | None:
            return None if expression is None else expression.subs(values)

        return Branches(
            self.x,
            tuple(Piece(put(p.lower), put(p.upper), put(p.expression)) for p in self.pieces),
            tuple(Point(put(p.x), put(p.left), put(p.right), put(p.value), p.removable) for p in self.points),
        )


def split(activation: Activation) -> Branches:
    """The smooth pieces of an activation's definition, its parameters symbolic.

    Raises:
        Error: the definition is not real on an interval, its breakpoints cannot be found exactly, or their order
            depends on a parameter's value.
    """
    try:
        return _Splitter(activation).branches()
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        if isinstance(error, Error):
            raise
        raise Error(f"{activation.name} = {activation.expression} cannot be cut into smooth pieces: {error}") from error


@dataclass(frozen=True)
class _Part:
    """An interval with the definition as far as it is resolved there."""

    lower: Expr
    upper: Expr
    expression: Expr


class _Splitter:
    def __init__(self, activation: Activation) -> None:
        self.name = activation.name
        self.x = activation.x
        self.definition = activation.expression
        unknown = self.definition.free_symbols - {self.x, *activation.symbols.values()}
        if unknown:
            raise Error(
                f"{self.name} uses {', '.join(sorted(map(str, unknown)))}, which is neither x nor a parameter of it"
            )
        self.trials: list[dict[Symbol, Expr]] = [dict(activation.values)]
        for parameter in activation.parameters:
            symbol = activation.symbols[parameter.name]
            self.trials += [{**trial, symbol: v} for trial in self.trials for v in _TRIALS[parameter.domain]]

    def branches(self) -> Branches:
        parts = list(self._smooth(_Part(-oo, oo, self.definition)))
        for part in parts:
            self._check_real(part)
        points = [self._point(left, right) for left, right in pairwise(parts)]
        pieces = [Piece(parts[0].lower, parts[0].upper, parts[0].expression)]
        kept: list[Point] = []
        for point, part in zip(points, parts[1:], strict=True):
            last = pieces[-1]
            if point.continuous and not point.removable and part.expression == last.expression:
                pieces[-1] = Piece(last.lower, part.upper, last.expression)
            else:
                kept.append(point)
                pieces.append(Piece(part.lower, part.upper, part.expression))
        return Branches(self.x, tuple(pieces), tuple(kept))

    # Cutting ----------------------------------------------------------------------------------------------------

    def _smooth(self, part: _Part) -> Iterator[_Part]:
        """Resolve one switch after another, then cut at singular points."""
        switch = _next_switch(part.expression)
        if switch is None:
            yield from self._cut(part, _singularities(part.expression))
            return
        for cut in self._cut(part, _deciding(switch)):
            resolved = cut.expression.xreplace({switch: self._resolve(switch, cut)})
            yield from self._smooth(_Part(cut.lower, cut.upper, resolved))

    def _cut(self, part: _Part, deciding: Iterable[Expr]) -> Iterator[_Part]:
        roots: set[Expr] = set()
        for expression in deciding:
            for vanishing in (expression, *_singularities(expression)):  # a sign can change at a pole too
                roots.update(self._roots(vanishing, part))
        edges = [part.lower, *self._in_order(roots, part), part.upper]
        for lower, upper in pairwise(edges):
            yield _Part(lower, upper, part.expression)

    def _roots(self, expression: Expr, part: _Part) -> set[Expr]:
        """The real roots in x of an expression without switches, or a superset with what lies outside the part."""
        x = self.x
        if x not in expression.free_symbols or self._nonzero(expression, part):
            return set()
        try:
            polynomial = Poly(expression, x)
            if polynomial.degree() == 1:
                return {-polynomial.nth(0) / polynomial.nth(1)}
            if polynomial.free_symbols_in_domain == set():
                return set(real_roots(polynomial))
        except (PolynomialError, NotImplementedError):
            pass
        try:
            found = solveset(expression, x, S.Reals)
        except Exception:  # SymPy's solvers raise nearly anything; the answer is then not known
            found = None
        if isinstance(found, FiniteSet):
            return set(found)
        if found is EmptySet or found == S.EmptySet:
            return set()
        if self._changes_sign(expression, part):
            raise Error(
                f"{self.name}: the points where {expression} = 0 cannot be found exactly",
                "write the definition with breakpoints that have a closed form, finitely many of them",
            )
        return set()

    def _nonzero(self, expression: Expr, part: _Part) -> bool:
        """Whether SymPy's assumptions prove that the expression has no root in the part."""
        if expression.is_nonzero:
            return True
        t = Symbol("t", positive=True)
        if part.lower.is_nonnegative:
            return bool(expression.subs(self.x, part.lower + t).is_nonzero)
        if part.upper.is_nonpositive:
            return bool(expression.subs(self.x, part.upper - t).is_nonzero)
        return False

    def _changes_sign(self, expression: Expr, part: _Part) -> bool:
        steps = [Rational(i, 16) for i in range(-63, 64)]
        lower, upper = (edge.subs(self.trials[0]) for edge in (part.lower, part.upper))
        if lower == -oo and upper == oo:
            grid = [s / (1 - abs(s) / 4) for s in steps]
        elif upper == oo:
            grid = [lower + (4 + s) / (4 - s) for s in steps]
        elif lower == -oo:
            grid = [upper - (4 + s) / (4 - s) for s in steps]
        else:
            grid = [lower + (upper - lower) * (4 + s) / 8 for s in steps]
        values = [_number(expression.subs({**self.trials[0], self.x: g})) for g in grid]
        signs = {v > 0 for v in values if v is not None and v != 0}
        return len(signs) > 1

    def _in_order(self, roots: set[Expr], part: _Part) -> list[Expr]:
        """The roots inside the part from left to right; the order must not depend on a parameter."""
        orders: list[list[Expr]] = []
        for trial in self.trials:
            value = {r: _number(r.subs(trial)) for r in {*roots, part.lower, part.upper}}
            if any(v is None for v in value.values()):
                raise Error(f"{self.name}: a breakpoint is not real for every value of the parameters")
            inside = (r for r in roots if value[part.lower] < value[r] < value[part.upper])
            ordered = sorted(inside, key=lambda r: value[r])
            orders.append(ordered)
        if any(order != orders[0] for order in orders):
            raise Error(
                f"{self.name}: the order of its breakpoints depends on a parameter's value",
                "declare the parameter with a narrower domain, or put its value into the definition",
            )
        return orders[0]

    # What a switch is inside a part -----------------------------------------------------------------------------

    def _sample(self, part: _Part, trial: Mapping[Symbol, Expr]) -> Expr:
        lower, upper = part.lower.subs(trial), part.upper.subs(trial)
        if lower == -oo and upper == oo:
            return Rational(1, 3)
        if lower == -oo:
            return upper - 1
        if upper == oo:
            return lower + 1
        return (lower + upper) / 2

    def _sign(self, expression: Expr, part: _Part) -> int:
        signs: set[int] = set()
        for trial in self.trials:
            value = _number(expression.subs({**trial, self.x: self._sample(part, trial)}))
            if value is None:
                raise Error(f"{self.name}: {expression} is not real for {_between(part)}")
            signs.add(int(sign(value)))
        if len(signs) != 1:
            raise Error(
                f"{self.name}: the sign of {expression} for {_between(part)} depends on a parameter's value",
                "declare the parameter with a narrower domain, or put its value into the definition",
            )
        return signs.pop()

    def _resolve(self, switch: Expr, part: _Part) -> Expr:
        if isinstance(switch, Piecewise):
            for expression, condition in switch.args:
                if self._holds(condition, part):
                    return expression
            raise Error(f"{self.name} is not defined for {_between(part)}: no condition of its Piecewise holds there")
        if isinstance(switch, Max | Min):
            best, *others = switch.args
            for other in others:
                if self._sign(other - best, part) * (1 if isinstance(switch, Max) else -1) > 0:
                    best = other
            return best
        sign_of = self._sign(switch.args[0], part)
        if isinstance(switch, Abs):
            return sign_of * switch.args[0]
        return Integer(sign_of) if isinstance(switch, sign) else Rational(1 + sign_of, 2)

    def _holds(self, condition: Any, part: _Part) -> bool:
        decided = {
            relation: relation.func(self._sign(relation.lhs - relation.rhs, part), 0)
            for relation in condition.atoms(Relational)
        }
        return bool(condition.xreplace(decided))

    # Values -----------------------------------------------------------------------------------------------------

    def _check_real(self, part: _Part) -> None:
        sample = self._sample(part, self.trials[0])
        beside = (sample + _FRACTION * (part.lower if part.lower != -oo else sample - 1)) / (1 + _FRACTION)
        # The second one is no whole number: (-1)**(-1) is real.
        values = (_number(part.expression.subs({**self.trials[0], self.x: at})) for at in (sample, beside))
        if any(value is None for value in values):
            raise Error(
                f"{self.name} = {self.definition} is not a real number for {_between(part)}",
                "an activation must be real for every x, isolated points excepted",
            )

    def _point(self, left: _Part, right: _Part) -> Point:
        at = right.lower
        below = limit_at(left.expression, self.x, at, "-")
        above = same_as(below, limit_at(right.expression, self.x, at, "+"))
        value = same_as(below, self._defined_at(at, below, above))
        if value is None and below is not None and below == above and below.is_finite:
            return Point(at, below, above, below, removable=True)
        return Point(at, below, above, value)

    def _defined_at(self, at: Expr, below: Expr | None, above: Expr | None) -> Expr | None:
        """The definition's own value at a point, None where it has none."""
        try:
            return _defined(self.definition.subs(self.x, at))
        except (TypeError, ValueError):
            pass  # SymPy cannot compare: a pole, or a root that has no closed form
        try:
            near = self.definition.subs(self.x, at.evalf(60))
        except (TypeError, ValueError):
            return None
        return next((v for v in (below, above) if v is not None and abs((near - v).evalf(40)) < 1e-30), None)


def same_as(first: Expr | None, second: Expr | None) -> Expr | None:
    """``second``, written as ``first`` where the two are equal, so that equal values compare equal."""
    if first is None or second is None or first == second:
        return second
    if first.is_finite and second.is_finite and simplify(first - second) == 0:
        return first
    return second


def _next_switch(expression: Any) -> Expr | None:
    """The first switch whose deciding arguments contain no switch themselves."""
    if isinstance(expression, floor):
        raise Error(f"{expression} jumps at infinitely many points", "floor cannot be split into finitely many pieces")
    if isinstance(expression, _SWITCHES):
        guards = [c for _, c in expression.args] if isinstance(expression, Piecewise) else expression.args
        for guard in guards:
            inner = _next_switch(guard)
            if inner is not None:
                return inner
        return expression
    for argument in expression.args:
        found = _next_switch(argument)
        if found is not None:
            return found
    return None


def _deciding(switch: Expr) -> list[Expr]:
    """The expressions whose signs decide what a switch is."""
    if isinstance(switch, Piecewise):
        relations = set().union(*(condition.atoms(Relational) for _, condition in switch.args))
        return [relation.lhs - relation.rhs for relation in relations]
    if isinstance(switch, Max | Min):
        return [a - b for a, b in combinations(switch.args, 2)]
    return [switch.args[0]]


def _singularities(expression: Expr) -> Iterator[Expr]:
    """Expressions at whose roots a switch-free expression may be undefined or not smooth."""
    for node in expression.atoms(Pow, *_SINGULAR, tan):
        if isinstance(node, Pow):
            if node.base.free_symbols and not (node.exp.is_integer and node.exp.is_nonnegative):
                yield node.base
        elif isinstance(node, tan):
            raise Error(f"{node} has infinitely many poles", "an activation has finitely many pieces")
        else:
            yield from _SINGULAR[node.func](node.args[0])


def _number(expression: Expr) -> Any:
    """The value of a constant as a SymPy number with 30 digits (or an infinity); None if it is not real."""
    value = expression.evalf(30)
    if value in (oo, -oo):
        return value
    return value if value.is_real and value.is_finite else None


def _defined(value: Expr) -> Expr | None:
    return value if value.is_real and value.is_finite else None


def _between(part: _Part) -> str:
    """The part in words: ``x < 0``, ``0 < x < 1``, ``every x``."""
    if part.lower == -oo and part.upper == oo:
        return "every x"
    if part.lower == -oo:
        return f"x < {part.upper}"
    if part.upper == oo:
        return f"x > {part.lower}"
    return f"{part.lower} < x < {part.upper}"
