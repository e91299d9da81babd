"""Whether two formulas are the same function of x: proved piece by piece, or refuted at a point.

Numbers come first and from another way than the proof: the formulas as they were written are evaluated with many
digits, and a derivative is checked against a difference quotient of the definition. So an error in the branching or in
a derivation shows as a contradiction instead of a wrong verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sympy import (
    Dummy,
    Expr,
    Float,
    Rational,
    S,
    Symbol,
    erf,
    erfc,
    exp,
    expand_log,
    factor,
    nan,
    nsimplify,
    oo,
    powsimp,
    simplify,
    together,
    zoo,
)

from symact.activation import Activation
from symact.errors import Error
from symact.symbolic.branches import Branches, Point, split

#: Digits of every evaluation, and how near two numbers have to be to count as equal.
_DIGITS = 60
_NEAR = Float("1e-25", _DIGITS)
#: The step of the difference quotient; its error is of the order of the step's square.
_STEP = Rational(1, 10**22)

#: What SymPy raises where a formula has no value.
_FAILURES = (TypeError, ValueError, ArithmeticError, RecursionError, NotImplementedError)

#: Not farther out: exp(exp(exp(x))) has to stay computable.
_SAMPLES = tuple(
    sign * Rational(size)
    for size in ("1", "2", "1/2", "3", "1/3", "4", "5", "1/7", "10", "1/100", "37/3", "29/4")
    for sign in (1, -1)
)


@dataclass(frozen=True)
class Choice:
    """The value that a formula has at a point where the function has none, such as f' at a kink."""

    point: Point
    printed: Expr


@dataclass(frozen=True)
class Agreement:
    """What a comparison found.

    Attributes:
        equal: True is proved, False is witnessed, None is neither.
        witness: a point with the printed and the true value, where they differ.
        choices: points at which the printed formula chooses a value.
        undefined: points at which the printed formula has no value.
        checked: at how many points the numbers were compared.
        reason: why nothing was decided.
    """

    equal: bool | None
    witness: dict[str, str] | None = None
    choices: tuple[Choice, ...] = ()
    undefined: tuple[Point, ...] = ()
    checked: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Truth:
    """A function that printed formulas are held against.

    Attributes:
        branches: its pieces, no parameters left.
        number: its value at a rational point by a way that does not go through the pieces.
        valued: whether the value at a jump is the function's own; a derivative has none there.
    """

    branches: Branches
    number: Callable[[Rational], Float | None]
    valued: bool = True

    def at(self, point: Expr) -> Expr | None:
        """The exact value inside a piece; None at a point between pieces."""
        for piece in self.branches.pieces:
            if piece.lower < point < piece.upper:
                return piece.expression.subs(self.branches.x, point)
        return None


def bound(activation: Activation) -> Expr:
    """The definition with the parameters' values put in."""
    return activation.expression.subs(activation.values)


def value_at(expression: Expr, x: Symbol, point: Expr) -> Float | None:
    """The value with many digits, or None where the formula has no real value."""
    try:
        return _digits(expression.subs(x, point))
    except _FAILURES:
        return None


def _digits(constant: Expr | None) -> Float | None:
    if constant is None:
        return None
    value = constant.evalf(_DIGITS)
    return value if value.is_Float or value.is_Rational else None


def slope_at(expression: Expr, x: Symbol, point: Rational) -> Float | None:
    """The central difference quotient, right to about 40 digits."""
    try:
        above, below = (expression.subs(x, point + step).evalf(2 * _DIGITS) for step in (_STEP, -_STEP))
    except _FAILURES:
        return None
    return _digits((above - below) / (2 * _STEP))


def compare(printed: Expr, x: Symbol, truth: Truth) -> Agreement:
    """Hold a formula against a function."""
    samples = [point for point in (*_SAMPLES, *_within(truth.branches)) if truth.at(point) is not None]
    found = _by_numbers(printed, x, truth, samples)
    if found is not None:
        return found
    choices, undefined = [], []
    for point in truth.branches.points:
        shown = _defined(printed, x, point.x)
        if shown is None:
            undefined.append(point)
        elif (point.continuous or truth.valued) and _same(_digits(shown), _digits(point.value)):
            continue
        elif point.continuous:
            return Agreement(False, _witness(printed, x, point.x, point.value))
        else:
            choices.append(Choice(point, shown))
    try:
        branches = split(Activation(name="printed", define=lambda _: printed))
    except Error as error:
        return Agreement(None, reason=f"equal at {len(samples)} points, but not proved: {error.message}")
    more = [point for point in _within(branches) if truth.at(point) is not None]
    found = _by_numbers(printed, x, truth, more)
    if found is not None:
        return found
    samples += more
    unproved = next(_differences(branches, truth.branches), None)
    if unproved is not None:
        return Agreement(None, reason=f"equal at {len(samples)} points, but {unproved} = 0 is not proved")
    known = {point.x for point in truth.branches.points}
    for point in (point for point in branches.points if point.x not in known):
        exact = truth.at(point.x)
        shown = _defined(printed, x, point.x)
        if shown is None:
            undefined.append(Point(point.x, exact, exact, exact))
        elif not _same(_digits(shown), _digits(exact)):
            return Agreement(False, _witness(printed, x, point.x, exact))
    return Agreement(True, None, tuple(choices), tuple(undefined), len(samples))


def _by_numbers(printed: Expr, x: Symbol, truth: Truth, points: Iterable[Expr]) -> Agreement | None:
    """The first point at which the two differ, or at which the truth is in doubt."""
    for point in points:
        exact = truth.at(point)
        true, other = _digits(exact), truth.number(point)
        if true is None or other is None:
            return Agreement(None, reason=f"the definition has no real value at x = {point}")
        if not _same(true, other):
            return Agreement(None, reason=f"two ways to the true value at x = {point} do not agree")
        number = value_at(printed, x, point)
        if number is None or not _same(number, true):
            return Agreement(False, _witness(printed, x, point, exact))
    return None


def _within(branches: Branches) -> Iterator[Rational]:
    """Some rationals inside every piece."""
    for piece in branches.pieces:
        lower, upper = (nsimplify(end.evalf(20), rational=True) for end in (piece.lower, piece.upper))
        if lower.is_finite and upper.is_finite:
            yield from (lower + (upper - lower) * Rational(k, 5) for k in (1, 2, 4))
        elif lower.is_finite:
            yield from (lower + k for k in (1, Rational(7, 2)))
        elif upper.is_finite:
            yield from (upper - k for k in (1, Rational(7, 2)))


def _same(first: Float | None, second: Float | None) -> bool:
    if first is None or second is None:
        return first is second
    return bool(abs(first - second) <= _NEAR * (1 + abs(first)))


def _defined(printed: Expr, x: Symbol, point: Expr) -> Expr | None:
    """The exact value of a formula at a point, or None where it has no real value."""
    try:
        value = printed.subs(x, point)
        return None if value.has(nan, zoo, oo) or _digits(value) is None else value
    except _FAILURES:
        return None


def _differences(first: Branches, second: Branches) -> Iterator[Expr]:
    """Differences of the two on common intervals that could not be proved to vanish."""
    edges = {point.x for branches in (first, second) for point in branches.points}
    ordered = [-oo, *sorted(edges, key=lambda e: e.evalf(30)), oo]
    for lower, upper in pairwise(ordered):
        difference = _over(first, lower, upper) - _over(second, lower, upper)
        t = Dummy("t", positive=True)
        if lower.is_finite:
            difference = difference.subs(first.x, lower + t)
        elif upper.is_finite:
            difference = difference.subs(first.x, upper - t)
        if not vanishes(difference):
            yield difference.subs(t, first.x)


def _over(branches: Branches, lower: Expr, upper: Expr) -> Expr:
    """The expression in force on an interval that lies inside a piece."""
    if lower.is_finite:
        inside = (lower + upper) / 2 if upper.is_finite else lower + 1
    else:
        inside = upper - 1 if upper.is_finite else S.Zero
    return next(piece.expression for piece in branches.pieces if piece.lower < inside < piece.upper)


def vanishes(expression: Expr) -> bool:
    """Whether an expression is proved to be zero for all values of its symbols; False means not proved."""
    if expression == 0:
        return True
    rewritings: tuple[Callable[[Expr], Expr], ...] = (
        lambda e: factor(together(e.replace(erfc, lambda u: 1 - erf(u)))),
        lambda e: factor(powsimp(together(e.rewrite(exp).expand()).expand())),
        lambda e: simplify(expand_log(e, force=False)),
        simplify,
    )
    return any(rewrite(expression) == 0 for rewrite in rewritings)


def _witness(printed: Expr, x: Symbol, point: Expr, true: Expr) -> dict[str, str]:
    shown = _defined(printed, x, point)
    return {
        "x": str(point),
        "printed": "undefined" if shown is None else exact_text(shown),
        "true": exact_text(true),
    }


def exact_text(value: Any) -> str:
    """An exact constant in SymPy syntax."""
    return str(simplify(value))
