"""The compensated forms that a function may be given: what is split off it, and where the table of the rest goes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

from flint import arb, ctx

from symact.kernel.piecewise.candidates import Ends, Layout, quarters, roots
from symact.kernel.piecewise.compensated import Compensated, Decay
from symact.kernel.piecewise.ends import Beyond, Constant, Gate, Line, end
from symact.kernel.piecewise.exact import WANTED, Ball, Exact
from symact.kernel.piecewise.fit import rounded
from symact.kernel.piecewise.grid import SIZE, Grid, Sides, Uniform

#: Degrees tried.
_DEGREES = range(4, 12)

#: Where a table may end for lack of entries. Nearer ends leave usual inputs out, which are computed twice then.
_REACHES = (64.0, 32.0, 16.0, 13.0, 12.0)

#: Where symmetries are looked at, and how far out decays are.
_PLACES, _FAR = (0.1875, 1.40625, 4.25), (16, 32, 64)

#: How near a function has to have come to its limit, relatively.
_NEAR = 2.0**-30

#: A root is so near to the middle of its interval, in widths; and all of it is farther out than this part of the root.
_INSIDE, _EXACT = 0.12, 0.52

#: Decays go on until this is left of them.
_LEFT = 2.0**-100

#: f is 0 at 0 where it is less than the first beside the second.
_NOTHING, _BESIDE = 2.0**-60, arb(2) ** -200


@dataclass(frozen=True)
class Split(Layout):
    """What a table holds where more than x is split off.

    Attributes:
        decay, rise: see `Compensated`.
    """

    compensated: ClassVar[bool] = True

    decay: Decay | None = None
    rise: str = ""


def splits(f: Exact) -> Iterator[Split]:
    """All of a function: with its exponential and without."""
    rise = "" if f.even or f.odd else _rise(f)
    side: Ball = (lambda x: f(-x)) if rise else f
    half = bool(rise) or f.even or f.odd
    factor = bool(abs(side(_BESIDE)) < _NOTHING)
    for decay in dict.fromkeys((_decay(side, 1 if half else -1, left=not half), None)):
        core = _rest(side, factor, decay)
        ends = tuple((each, _end(side, core, each, factor and not rise)) for each in ((1,) if half else (-1, 1)))
        if all(one is None or one.at > 0 for _, one in ends):
            yield Split(core, half, factor, ends, decay, rise)


def forms(layout: Layout) -> Iterator[Compensated]:
    """All forms of a split."""
    assert isinstance(layout, Split)
    found = roots(layout)
    root = rounded(arb(found[0])) if found else None
    if len(found) > 1 or root == 0:
        return
    for ends, grid in _divisions(layout, root):
        for degree, deep in product(_DEGREES, range(2 if root is None and layout.decay else 4)):
            yield Compensated(layout.half, layout.factor, ends, grid, degree, root, layout.decay, layout.rise, deep)


def _rise(f: Exact) -> str:
    for rise in ("ramp", "step"):
        if all(f(arb(p)).overlaps(p + f(arb(-p)) if rise == "ramp" else 1 - f(arb(-p))) for p in _PLACES):
            return rise
    return ""


def _decay(f: Ball, side: int, *, left: bool) -> Decay | None:
    """The exponential in f ~ C*x^k*exp(-r*|x|) or f ~ C*x^k*exp(-r*x^2) towards an infinity; None if there is none."""
    try:
        values = [abs(f(arb(side * far))) for far in _FAR]
    except ArithmeticError:
        return None
    if any(value == 0 for value in values):
        return None
    with ctx.workprec(WANTED):
        first, second, third = (float(value.log()) for value in values)
    slow, fast = second - first, third - second
    for squared, growth, size in ((False, 2, _FAR[0]), (True, 4, 9 * _FAR[0] ** 2)):
        rate = round(2 * (slow - fast) / size) / 2
        if rate > 0 and abs(fast / slow - growth) < growth / 8:
            return Decay(rate, squared, left, _far(rate, squared))
    return None


def _far(rate: float, squared: bool) -> float:
    with ctx.workprec(WANTED):
        exponent = -arb(_LEFT).log() / rate
        return rounded(exponent.sqrt() if squared else exponent)


def _rest(f: Ball, factor: bool, decay: Decay | None) -> Ball:
    """f without what is split off."""

    def rest(x: arb) -> arb:
        near = x if x != 0 else _BESIDE
        value = f(near)
        with ctx.workprec(2 * WANTED):
            return value / (near if factor else 1) / (decay.ball(near) if decay else 1)

    return rest


def _end(f: Ball, core: Ball, side: int, factor: bool) -> Constant | Gate | Line | None:
    """How f, or what is left of it, ends towards an infinity, if it has a limit there."""
    try:
        whole, inner = end(f, side, _NEAR) if factor else None, end(core, side, _NEAR)
    except ArithmeticError:  # too small, far out, to be settled
        return None
    if isinstance(whole, Constant | Line):
        return whole
    return (Gate if factor else Constant)(inner.at) if isinstance(inner, Constant) else None


def _divisions(layout: Split, root: float | None) -> Iterator[tuple[Ends, Grid]]:
    """Where the table ends, and its intervals."""
    for ends in dict.fromkeys(
        tuple((side, one or _beyond(layout, reach)) for side, one in layout.ends) for reach in _REACHES
    ):
        grid = _grid(layout, ends, root)
        if grid is not None:
            yield ends, grid
    if layout.half and layout.decay is None:
        yield from quarters(*layout.ends)


def _beyond(layout: Split, reach: float) -> Beyond:
    return Beyond(min(reach, layout.decay.far) if layout.decay else reach)


def _grid(layout: Split, ends: Ends, root: float | None) -> Grid | None:
    """The narrowest intervals that are enough, with the root well inside of one; where a decay begins, another does."""
    sides = {side: one.at for side, one in ends}
    width = sum(sides.values()) / SIZE
    while root is None or width < 2 * abs(root):
        inverse = rounded(arb(1 / width))
        counts = {side: math.floor(at * inverse + 0.5) + 1 for side, at in sides.items()}
        if sum(counts.values()) <= SIZE and (root is None or _is_inside(abs(root) * inverse)):
            if layout.decay is not None and layout.decay.left:
                return Sides(inverse, counts[1])
            return Uniform(inverse, -counts.get(-1, 1) + 1)
        width *= 1.002
    return None


def _is_inside(place: float) -> bool:
    """Whether a root so many widths from 0 is well inside its interval, and differences from it are exact."""
    middle = round(place)
    return abs(place - middle) < _INSIDE and middle - 0.5 > _EXACT * place
