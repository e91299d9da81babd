"""The entries of a form's table: where each interval has its centre, and the fits of all of them."""

from __future__ import annotations

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

#: Polynomials that are off by more than this (in units of 2^-24 of the function) are not tried.
_ROUGH = 0.5

#: A function is level at 0 if its slope is less than the first, looked at so far from 0.
_LEVEL, _NEAR = 2.0**-50, 2.0**-100

#: Bisections for the middle of an interval.
_HALVINGS = 30


class Part(NamedTuple):
    """An interval as far as the table goes: its place, its ends, a root inside, and the table's ends that it holds."""

    place: int
    low: float
    high: float
    root: float | None
    ends: tuple[End, ...]


def _parts(form: Form) -> Iterator[Part]:
    low = max((-reach(one) for side, one in form.ends if side < 0), default=0.0)
    high = max(reach(one) for side, one in form.ends if side > 0)
    shift = getattr(form.grid, "shift", 0.0)
    for place, left, right in form.grid.intervals():
        if left <= high and right >= low:
            ends = tuple(one for side, one in form.ends if left <= side * reach(one) <= right)
            root = shift if shift and left < shift < right else None
            yield Part(place, max(low, left), min(high, right), root, ends)


class Fits:
    """The entries of all forms of a layout; what several of them need is computed once.

    Args:
        layout: what the tables hold.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._points = cache(self._points_of)
        self._worst: dict[object, int] = {}

    def entries(self, form: Form) -> tuple[Entry, ...] | None:
        """The entries in their places; None if a polynomial of that degree is not enough."""
        found = [Entry(0.0, (0.0,) * (form.degree + 1), 0.0)] * SIZE
        key = (form.grid, form.ends)
        parts = sorted(_parts(form), key=lambda part: part.place != self._worst.get(key))  # the likeliest to fail first
        for part in parts:
            entry = self._entry(part, form)
            if entry.error > _ROUGH:
                self._worst[key] = part.place
                return None
            found[part.place] = entry
        return tuple(found)

    def dense(self, form: Form, count: int) -> Iterator[tuple[Float64s, Float64s]]:
        """So many numbers of each interval, and the function there."""
        generator = np.random.default_rng(count)
        for part in _parts(form):
            if part.low < part.high:
                u = generator.uniform(part.low, part.high, count).astype(np.float32).astype(np.float64)
                u = u[(u >= part.low) & (u <= part.high)]
                values = self._points(part).at(u)
                yield u, values * u if form.factor else values

    def _entry(self, part: Part, form: Form) -> Entry:
        if part.low == part.high:
            return Entry(part.low, (rounded(self.layout.core(arb(part.low))), *[0.0] * form.degree), 0.0)
        given = self._points(part)
        if part.root is not None:
            return fit(given, form.degree, root=True)
        return fit(given, form.degree, flat=given.centre == 0 and form.half and self._level)

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
        for one in part.ends:  # beyond its end the function is constant, to the last digit
            if isinstance(one, Constant | Gate):
                return points(f, low, high, one.at if high == one.at else -one.at)
        if self.layout.factor and low <= 0 <= high and self._exact_at_0:  # close to 0 a product is all there is
            return points(f, low, high, 0.0)
        return points(f, low, high, good_centre(f, low, high, self._balanced(low, high)))

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
