"""Whether two formulas are the same function of x: proved piece by piece, or refuted at a point.

Numbers come first and from another way than the proof: the formulas as they were written are evaluated with many
digits, and a derivative is checked against a difference quotient of the definition. So an error in the branching or in
a derivation shows as a contradiction instead of a wrong verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

_SAMPLES = tuple(
    sign * Rational(size)
    for size in ("1", "2", "1/2", "3", "1/3", "5", "1/7", "10", "1/100", "37/3", "50", "100")
    for sign in (1, -1)
)


@dataclass(frozen=True)
class Choice:
    """A point where the function itself has no value to compare with, such as f' at a kink."""

    x: Expr
    left: Expr | None
    right: Expr | None
    printed: Expr | None


@dataclass(frozen=True)
class Agreement:
    """What a comparison found.

    Attributes:
        equal: True is proved, False is witnessed, None is neither.
        witness: a point with the printed and the true value, where they differ.
        choices: points at which the printed formula chooses a value.
        undefined: points at which the printed formula has no value and the function has one.
        checked: at how many points the numbers were compared.
        reason: why nothing was decided.
    """

    equal: bool | None
    witness: dict[str, str] | None = None
    choices: tuple[Choice, ...] = ()
    undefined: tuple[Expr, ...] = ()
    checked: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Truth:
    """A function that printed formulas are held against.

    Attributes:
        branches: its pieces, no parameters left.
        number: its value at a rational point by a way that does not go through the pieces.
    """

    branches: Branches
    number: Callable[[Rational], Float | None]

    def at(self, point: Rational) -> Expr | None:
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
        value = expression.subs(x, point).evalf(_DIGITS)
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return None
    return value if isinstance(value, Float) or value.is_Rational else None


def slope_at(expression: Expr, x: Symbol, point: Rational) -> Float | None:
    """The central difference quotient, right to about 40 digits."""
    values = []
    for at in (point + _STEP, point - _STEP):
        try:
            values.append(expression.subs(x, at).evalf(2 * _DIGITS))
        except (TypeError, ValueError, ArithmeticError, RecursionError):
            return None
    slope = (values[0] - values[1]) / (2 * _STEP)
    return slope.evalf(_DIGITS) if slope.is_Float or slope.is_Rational else None


def compare(printed: Expr, x: Symbol, truth: Truth) -> Agreement:
    """Hold a formula against a function."""
    samples = [point for point in _samples(truth.branches) if truth.at(point) is not None]
    for point in samples:
        exact = truth.at(point)
        true, other = value_at(exact, x, point), truth.number(point)
        if true is None or other is None or not _same(true, other):
            return Agreement(None, reason=f"two ways to the true value at x = {point} do not agree")
        shown = value_at(printed, x, point)
        if shown is None or not _same(shown, true):
            return Agreement(False, _witness(printed, x, point, exact))
    choices, undefined = [], []
    for point in truth.branches.points:
        shown_exact = _defined(printed.subs(x, point.x))
        if point.value is not None and point.left == point.right == point.value:
            if shown_exact is None:
                undefined.append(point.x)
            elif not _same(value_at(printed, x, point.x), value_at(point.value, x, point.x)):
                return Agreement(False, _witness(printed, x, point.x, point.value))
        else:
            choices.append(Choice(point.x, point.left, point.right, shown_exact))
    try:
        branches = split(Activation(name="printed", define=lambda _: printed))
    except Error as error:
        return Agreement(None, reason=f"equal at {len(samples)} points, but not proved: {error.message}")
    unproved = next(_differences(branches, truth.branches), None)
    if unproved is not None:
        return Agreement(None, reason=f"equal at {len(samples)} points, but {unproved} = 0 is not proved")
    extra = (point for point in branches.points if point.x not in {p.x for p in truth.branches.points})
    for point in extra:
        problem = _at_extra_point(printed, x, point, truth)
        if problem is not None:
            return Agreement(False, problem)
        if _defined(printed.subs(x, point.x)) is None:
            undefined.append(point.x)
    return Agreement(True, None, tuple(choices), tuple(undefined), len(samples))


def _samples(branches: Branches) -> Iterator[Rational]:
    """Simple rationals all over the line, then three in every piece."""
    yield from _SAMPLES
    for piece in branches.pieces:
        if piece.lower.is_finite and piece.upper.is_finite:
            lower, width = nsimplify(piece.lower.evalf(20), rational=True), (piece.upper - piece.lower).evalf(20)
            yield from (lower + nsimplify(width, rational=True) * Rational(k, 5) for k in (1, 2, 4))


def _same(first: Float | None, second: Float | None) -> bool:
    if first is None or second is None:
        return first is second
    return bool(abs(first - second) <= _NEAR * (1 + abs(first)))


def _defined(value: Expr) -> Expr | None:
    return None if value.has(nan, zoo, oo) or value.is_real is False else value


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
        lambda e: factor(together(e)),
        lambda e: factor(powsimp(together(e.rewrite(exp).expand()).expand())),
        lambda e: simplify(expand_log(e, force=False)),
        simplify,
    )
    return any(rewrite(expression) == 0 for rewrite in rewritings)


def _at_extra_point(printed: Expr, x: Symbol, point: Point, truth: Truth) -> dict[str, str] | None:
    """The printed formula may choose another value at a point where the function is smooth."""
    shown = _defined(printed.subs(x, point.x))
    for piece in truth.branches.pieces:
        if (point.x - piece.lower).is_positive and (piece.upper - point.x).is_positive and shown is not None:
            exact = piece.expression.subs(x, point.x)
            if not _same(value_at(shown, x, S.Zero), value_at(exact, x, S.Zero)):
                return _witness(printed, x, point.x, exact)
    return None


def _witness(printed: Expr, x: Symbol, point: Expr, true: Expr) -> dict[str, str]:
    shown = _defined(printed.subs(x, point))
    return {
        "x": str(point),
        "printed": "undefined" if shown is None or value_at(shown, x, S.Zero) is None else exact_text(shown),
        "true": exact_text(true),
    }


def exact_text(value: Any) -> str:
    """An exact constant in SymPy syntax."""
    return str(simplify(value))
