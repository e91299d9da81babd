"""How a function goes on where its table ends, on either side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from flint import arb, ctx

from symact.kernel.piecewise.exact import WANTED, Ball, rate
from symact.kernel.piecewise.fit import rounded

#: A function has come to its end where it is within this of what it is beyond, relatively; there are nearer ones.
NEAR = 2.0**-27

#: Ends are looked for in steps of this part of 1, from so far out.
_STEPS, _FAR = 8, 192

#: Results smaller than this are rounded to 0, even times the largest number.
_NOTHING = 2.0**-290

#: As far out as this a limit has come that comes soon enough for a table; the second where the first is too far to see.
_INFINITE = (2.0**60, 2.0**5)


@dataclass(frozen=True)
class Constant:
    """Beyond `at` (a size) the function has its limit."""

    at: float


@dataclass(frozen=True)
class Gate:
    """Beyond `at` (a size) the table's function, which x is multiplied with, has its limit."""

    at: float


@dataclass(frozen=True)
class Line:
    """Beyond `at` the function is x."""

    at: float


@dataclass(frozen=True)
class Tail:
    """Beyond the table the function is halved by every step of `period`.

    Attributes:
        period: the step as the sum of two float32 numbers; arguments less multiples of the first are exact.
        inverse: 1/period as a float32 number.
        steps: the table reaches to (steps + 1/2) periods.
        far: arguments stop there, where nothing is left of the function.
    """

    period: tuple[float, float]
    inverse: float
    steps: int
    far: float

    @property
    def at(self) -> float:
        """Where the table ends (a size)."""
        return (self.steps + 0.5) / self.inverse

    def later(self, more: int) -> Tail:
        """The same with a table that reaches some periods farther; the far end lies elsewhere in its interval then."""
        return replace(self, steps=self.steps + more)


@dataclass(frozen=True)
class Beyond:
    """Beyond `at` (a size) there is no table: results are those of another program."""

    at: float


End = Constant | Gate | Line | Tail | Beyond

#: Counting steps of a tail may be wrong by a step so close to where one ends; a table goes on for this part of itself.
_OVERLAP = 2.0**-12


def reach(one: End) -> float:
    """The size up to which the table needs entries."""
    return one.at * (1 + _OVERLAP) if isinstance(one, Tail) else one.at


def end(f: Ball, side: int, near: float = NEAR) -> Constant | Line | Tail | None:
    """How a function ends towards an infinity, if a table can stop there for good.

    Args:
        f: the function.
        side: 1 for +oo, -1 for -oo.
        near: how near it has come to its end there, relatively.
    """
    decay = rate(f, side)
    if decay is not None:
        return _tail(f, side, decay)
    limit = _limit(f, side)
    if limit is not None:
        at = _reached(lambda x: _close(f(x), limit, near), side)
        return None if at is None else Constant(at)
    if side > 0:
        at = _reached(lambda x: _close(f(x), x, near), side)
        return None if at is None else Line(at)
    return None


def _limit(f: Ball, side: int) -> arb | None:
    """The limit where it is finite and not 0."""
    for size in _INFINITE:
        try:
            near, far = f(arb(side * size)), f(arb(side * size**2))
        except ArithmeticError:  # exponentials so far out take more digits than there are
            continue
        return near if _close(near, far) else None
    return None


def _close(a: arb, b: arb, near: float = NEAR) -> bool:
    with ctx.workprec(WANTED):
        return bool(b != 0 and abs(a / b - 1) < near)


def _reached(holds: Callable[[arb], bool], side: int) -> float | None:
    """The size from which on something holds as far as is looked; None for never."""
    k = _FAR * _STEPS
    while k >= 0 and holds(arb(side * k / _STEPS)):
        k -= 1
    return None if k == _FAR * _STEPS else (k + 1) / _STEPS


def _tail(f: Ball, side: int, decay: arb) -> Tail | None:
    with ctx.workprec(WANTED):
        period = arb(2).log() / decay
        step = side * arb(period.mid())

    def halves(x: arb) -> bool:
        with ctx.workprec(4 * WANTED):
            return _close(f(x) / 2, f(x + step))

    start = _reached(halves, side)
    if start is None:
        return None
    steps = math.ceil(start / float(period) + 0.5)
    bits = 24 - math.ceil(math.log2((steps + 0.5) * float(period)))
    high = round(float(period) * 2**bits) / 2**bits
    far = start
    while abs(f(arb(side * far))) > _NOTHING:
        far += 1.0
    with ctx.workprec(WANTED):
        return Tail((high, rounded(period - high)), rounded(1 / period), steps, far)
