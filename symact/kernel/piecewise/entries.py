"""The entries of a form's table: where each interval has its centre, and the fits of all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from flint import arb

from symact.kernel.piecewise.candidates import Layout
from symact.kernel.piecewise.ends import Constant, End, Gate, reach
from symact.kernel.piecewise.fit import Entry, Points, fit, good_centre, points, rounded
from symact.kernel.piecewise.form import Form
from symact.kernel.piecewise.grid import SIZE
from symact.oracle.formats import Float64s

#: A function is level at 0 if its slope is less than the first, looked at so far from 0.
_LEVEL, _NEAR = 2.0**-50, 2.0**-100

#: A centre so near to 0, in widths, and so many digits shorter than others, makes small differences exact.
_NEAR_0 = 2.0**-4

#: How much of an interval its ends are.
_ENDS = 0.01

#: Less than 2 by more than centres are looked for around.
_TWICE = 1.9

#: Bisections for the middle of an interval.
_HALVINGS = 30


class Part(NamedTuple):
    """An interval as far as the table goes.

    Attributes:
        place: of its entry.
        low, high: its ends.
        root: inside, if there is one.
        rooted: whether there is one in the table.
        ends: those of the table that it holds.
    """

    place: int
    low: float
    high: float
    root: float | None
    rooted: bool
    ends: tuple[End, ...]


def _parts(form: Form) -> Iterator[Part]:
    low = max((-reach(one) for side, one in form.ends if side < 0), default=0.0)
    high = max(reach(one) for side, one in form.ends if side > 0)
    for place, left, right in form.grid.intervals():
        if left <= high and right >= low:
            ends = tuple(one for side, one in form.ends if left <= side * reach(one) <= right)
            root = form.root if form.root is not None and left < form.root < right else None
            yield Part(place, max(low, left), min(high, right), root, form.root is not None, ends)


class Fits:
    """The entries of all forms of a layout; what several of them need is computed once.

    Args:
        layout: what the tables hold.
        rough: polynomials that are off by more than this (in units of 2^-24 of the function) are not taken.
    """

    def __init__(self, layout: Layout, rough: float) -> None:
        self.layout = layout
        self._rough = rough
        self._points, self._aside = cache(self._points_of), cache(self._points_aside)
        self._worst: dict[object, int] = {}

    def entries(self, form: Form) -> tuple[Entry, ...] | None:
        """The entries in their places; None if a polynomial of that degree is not enough."""
        found = [Entry(0.0, (0.0,) * (form.degree + 1), 0.0)] * SIZE
        key = (form.grid, form.ends)
        parts = sorted(_parts(form), key=lambda part: part.place != self._worst.get(key))  # the likeliest to fail first
        for part in parts:
            entry = self._entry(part, form)
            if entry.error > self._rough:
                self._worst[key] = part.place
                return None
            found[part.place] = entry
        return tuple(found)

    def dense(self, form: Form, count: int) -> Iterator[tuple[Float64s, Float64s]]:
        """So many numbers of each interval and side, and the function there."""
        generator = np.random.default_rng(count)
        for part in _parts(form):
            if part.low < part.high:
                drawn = generator.uniform(part.low, part.high, count)
                if self.layout.compensated:  # what is lost is most at the ends
                    near = _ENDS * (part.high - part.low) * generator.random(count)
                    drawn = np.concatenate([drawn, part.low + near, part.high - near])
                u = drawn.astype(np.float32).astype(np.float64)
                u = u[(u >= part.low) & (u <= part.high)]
                yield from form.whole(u, self._points(part).at(u))

    def _entry(self, part: Part, form: Form) -> Entry:
        if part.low == part.high:
            return Entry(part.low, (rounded(self.layout.core(arb(part.low))), *[0.0] * form.degree), 0.0)
        given = self._points(part)
        if part.root is not None:
            return fit(given, form.degree, root=True)
        found = fit(given, form.degree, flat=given.centre == 0 and form.half and self._level)
        if found.error > self._rough and self.layout.compensated:
            return min(found, fit(self._aside(part), form.degree), key=lambda entry: entry.error)
        return found

    @property
    def _level(self) -> bool:
        """Whether the slope at 0 is 0."""
        f = self.layout.core
        return bool(abs(f(arb(_NEAR)) - f(arb(0))) < _LEVEL * _NEAR)

    @property
    def _exact_at_0(self) -> bool:
        """Whether the limit at 0 is a float32 number."""
        value = self.layout.core(arb(0))
        return bool(abs(value / rounded(value) - 1) < _LEVEL)

    def _points_of(self, part: Part) -> Points:
        f, low, high = self.layout.core, part.low, part.high
        if part.root is not None:
            return points(f, low, high, part.root)
        for one in () if self.layout.compensated else part.ends:  # beyond, a function is constant to the last digit
            if isinstance(one, Constant | Gate):
                return points(f, low, high, one.at if high == one.at else -one.at)
        if self.layout.factor and low <= 0 <= high and self._exact_at_0:  # close to 0 a product is all there is
            return points(f, low, high, 0.0)
        if self.layout.compensated:
            return self._points_near(part)
        return points(f, low, high, good_centre(f, low, high, self._balanced(low, high)))

    def _points_near(self, part: Part) -> Points:
        """Those around a centre from which all differences are exact, or lose less than counts."""
        f, low, high = self.layout.core, part.low, part.high
        if low < 0 < high:
            return points(f, low, high, 0.0, exact=True)
        if low <= 0 <= high:
            size = max(-low, high)
            centre = math.copysign(size * _NEAR_0, low + high)
            centre = good_centre(f, low, high, centre, float(np.spacing(np.float32(size))))
        else:  # less than twice the least number
            size = min(abs(low + high) / 2, _TWICE * min(abs(low), abs(high)))
            centre = good_centre(f, low, high, math.copysign(size, low + high))
        return points(f, low, high, centre, exact=part.rooted)

    def _points_aside(self, part: Part) -> Points:
        """Where the function hardly changes, its values are between two float32 numbers all the way, and no centre is a
        good one. So h is counted from beside the interval, and a polynomial without a constant has all the rest."""
        f, low, high = self.layout.core, part.low, part.high
        return points(f, low, high, rounded(arb(2 * low - high)), rounded(f(arb((low + high) / 2))))

    def _balanced(self, low: float, high: float) -> float:
        """Where the function is as far from its values at both ends, in units of these."""
        f = self.layout.core
        first, last = f(arb(low)), f(arb(high))
        wanted = 2 * first * last / (first + last)
        rising = bool(first < last)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if bool(f(arb(middle)) < wanted) == rising:
                low = middle
            else:
                high = middle
        return (low + high) / 2
