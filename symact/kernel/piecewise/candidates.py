"""The forms that a function may be given, from what it is at both ends and whether it is even or odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from flint import arb

from symact.kernel.piecewise.ends import Beyond, Constant, End, Gate, Line, Tail, end, reach
from symact.kernel.piecewise.exact import Ball, Exact, over_x
from symact.kernel.piecewise.fit import rounded
from symact.kernel.piecewise.form import Plain
from symact.kernel.piecewise.grid import SIZE, Grid, Quarters, Uniform

#: Degrees tried.
_DEGREES = range(4, 9)

#: Where a table may end for lack of entries, this far out, the farthest first.
REACHES = (16.0, 12.0, 8.0, 6.0, 4.0)

#: How many places of a tail's beginning are tried.
_LATER = 4

#: Offsets of grids of quarters of octaves.
_OFFSETS = (1.0, 0.5, 0.25)

#: Roots are looked for within this and in such steps.
_WITHIN, _STEP = 32, 2.0**-3

#: f is 0 at 0 where it is less than the first beside the second.
_NOTHING, _BESIDE = 2.0**-60, arb(2) ** -100


Ends = tuple[tuple[int, End], ...]


@dataclass(frozen=True)
class Layout:
    """What a table may hold: f or f(x)/x, of x or of |x|; and how f ends then (None: no way that a table can).

    `compensated`: whether sums are, so that the constant of a polynomial alone has to be as exact as a result.
    """

    compensated: ClassVar[bool] = False
    core: Ball
    half: bool
    factor: bool
    ends: tuple[tuple[int, End | None], ...]


def layouts(f: Exact) -> Iterator[Layout]:
    """All layouts of a function."""
    if f.even:
        whole = end(f, 1)
        yield Layout(f, True, False, ((1, None if isinstance(whole, Line) else whole),))
    elif f.odd:
        gate = over_x(f)
        one = _factored(f, gate, 1)
        yield Layout(gate, True, True, ((1, None if isinstance(one, Tail) else one),))
    else:
        yield Layout(f, False, False, ((-1, end(f, -1)), (1, end(f, 1))))
        if abs(f(_BESIDE)) < _NOTHING:
            gate = over_x(f)
            yield Layout(gate, False, True, ((-1, _factored(f, gate, -1)), (1, _factored(f, gate, 1))))


def _factored(f: Ball, gate: Ball, side: int) -> End | None:
    """How x*gate(x) ends."""
    whole = end(f, side)
    if isinstance(whole, Constant):
        return whole
    inner = end(gate, side)
    return Gate(inner.at) if isinstance(inner, Constant) else inner if isinstance(inner, Tail) else None


def forms(layout: Layout) -> Iterator[Plain]:
    """All forms of a layout."""
    found = roots(layout)
    if len(found) > 1:
        return
    root = rounded(arb(found[0])) if found else None
    divisions: list[tuple[Ends, Grid]] = [(ends, uniform(ends, root or 0.0)) for ends in _stops(layout)]
    if layout.half:
        divisions += quarters(*layout.ends)
    for ends, grid in divisions:
        for degree, paired in product(_DEGREES, (False, True) if layout.factor else (False,)):
            yield Plain(layout.half, layout.factor, ends, grid, degree, root, paired)


def _stops(layout: Layout) -> list[Ends]:
    """The ends as they are where a table can go there, and nearer ones."""
    found: list[Ends] = []
    for at in (np.inf, *REACHES):
        choices: list[list[tuple[int, End]]] = []
        for side, one in layout.ends:
            own = [one.later(more) for more in range(_LATER)] if isinstance(one, Tail) else [] if one is None else [one]
            near = [Beyond(at)] if at < (np.inf if one is None or isinstance(one, Tail) else one.at) else []
            choices.append([(side, each) for each in (*own, *near)])
        found += product(*choices)
    return list(dict.fromkeys(found))


def quarters(right: tuple[int, End | None]) -> Iterator[tuple[Ends, Grid]]:
    """Grids of quarters with the end that fits, as far out as they go if there is none."""
    side, one = right
    for offset in _OFFSETS:
        grid = Quarters(offset)
        last = max(interval.high for interval in grid.intervals())
        if one is None:
            yield ((side, Beyond(last * (1 - 2**-20))),), grid
        elif not isinstance(one, Tail) and one.at < last:
            yield ((side, one),), grid


def uniform(ends: Ends, shift: float) -> Uniform:
    """The narrowest intervals that are enough."""
    low = max((-reach(one) for side, one in ends if side < 0), default=0.0)
    high = max(reach(one) for side, one in ends if side > 0)
    width = (high - low) / SIZE
    while True:
        inverse = rounded(arb(1 / width))
        first, last = round((low - shift) * inverse), round((high - shift) * inverse)
        if last - first < SIZE:
            return Uniform(inverse, first, shift)
        width *= 1.002


def roots(layout: Layout) -> list[float]:
    """Where the table's function changes its sign."""
    places = np.arange(_STEP / 2 if layout.half else -_WITHIN + _STEP / 2, _WITHIN, _STEP).tolist()
    positive = [bool(layout.core(arb(place)) > 0) for place in places]
    found = []
    for k in range(len(places) - 1):
        if positive[k] != positive[k + 1]:
            found.append(_root(layout.core, places[k], places[k + 1], positive[k]))
    return found


def _root(f: Ball, low: float, high: float, falling: bool) -> float:
    while (middle := (low + high) / 2) not in (low, high):
        if bool(f(arb(middle)) > 0) == falling:
            low = middle
        else:
            high = middle
    return low
