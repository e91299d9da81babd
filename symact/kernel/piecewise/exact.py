"""The function that a table shall hold: its exact values as balls, its symmetry, and how it ends on either side."""

from __future__ import annotations

from collections.abc import Callable

from flint import arb, ctx

from symact.oracle.arb import ArbFunction
from symact.symbolic.branches import Branches

#: Bits to which values are wanted, and the precision at which evaluation starts; it is doubled up to the last.
WANTED, _FIRST, _LAST = 160, 256, 4096

#: Beside a point where two pieces meet or a quotient is 0/0, the value is taken so far away.
_BESIDE = arb(2) ** -200

#: Where symmetries are looked at, and where the rate of an exponential tail is taken.
_PLACES, _FAR = (0.1875, 1.40625, 4.25), 256

Ball = Callable[[arb], arb]


class Exact:
    """A function of x, no parameter left in it, as balls of at least `WANTED` bits.

    Args:
        branches: the function; every parameter has a value.
    """

    def __init__(self, branches: Branches) -> None:
        with ctx.workprec(_LAST):
            self.cuts = [ArbFunction(point.x, branches.x).at([arb(0)], _LAST)[0] for point in branches.points]
        self._pieces = [ArbFunction(piece.expression, branches.x) for piece in branches.pieces]

    def __call__(self, x: arb) -> arb:
        """The value at a number; where two pieces meet, that just above."""
        with ctx.workprec(_LAST):
            near = x + _BESIDE if any(not (x - cut).abs_lower() > _BESIDE / 2 for cut in self.cuts) else x
            piece = self._pieces[sum(1 for cut in self.cuts if near > cut)]
        return settled(lambda precision: piece.at([near], precision)[0])

    @property
    def even(self) -> bool:
        """f(-x) = f(x)."""
        return all((self(arb(p)) - self(arb(-p))).contains(0) for p in _PLACES)

    @property
    def odd(self) -> bool:
        """f(-x) = -f(x)."""
        return all((self(arb(p)) + self(arb(-p))).contains(0) for p in _PLACES)


def settled(evaluate: Callable[[int], arb]) -> arb:
    """A value whose ball is small enough, found with growing precision.

    Raises:
        ArithmeticError: no precision settles it.
    """
    precision = _FIRST
    while precision <= _LAST:
        with ctx.workprec(precision):
            value = evaluate(precision)
            if value.is_finite() and (value == 0 or value.rel_accuracy_bits() >= WANTED):
                return value
        precision *= 2
    raise ArithmeticError("a value of the function cannot be settled")


def over_x(f: Ball) -> Ball:
    """f(x)/x, with the limit at 0."""

    def quotient(x: arb) -> arb:
        near = x if x != 0 else _BESIDE
        value = f(near)
        with ctx.workprec(_FIRST):
            return value / near

    return quotient


def rate(f: Ball, side: int) -> arb | None:
    """The rate r of f(x) ~ C*exp(-r*|x|) towards an infinity; None where f has no such tail."""
    try:
        first, second, third = (f(arb(side * far)) for far in (_FAR, 2 * _FAR, 3 * _FAR))
    except ArithmeticError:
        return None
    with ctx.workprec(WANTED):
        if not (first != 0 and second != 0 and third != 0 and first / second > 1):
            return None
        found, other = (first / second).log() / _FAR, (second / third).log() / _FAR
        return found if abs(found - other) < found * arb(2) ** -100 else None
