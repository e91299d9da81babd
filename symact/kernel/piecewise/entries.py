"""The entries of a form's table: where each interval has its centre, and the fits of all of them."""

from __future__ import annotations

import math
from functools import cache

from flint import arb

from symact.kernel.piecewise.candidates import Layout
from symact.kernel.piecewise.ends import Constant, End, Gate, reach
from symact.kernel.piecewise.fit import Entry, Points, fit, good_centre, points, rounded
from symact.kernel.piecewise.form import Form
from symact.kernel.piecewise.grid import SIZE

#: Polynomials that are off by more than this (in units of 2^-24 of the function) are not tried.
_ROUGH = 0.5

#: A function is level at 0 if its slope is less than the first, looked at so far from 0.
_LEVEL, _NEAR = 2.0**-50, 2.0**-100

#: Bisections for the middle of an interval.
_HALVINGS = 30


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
        low = 0.0 if form.half else -math.inf
        high = math.inf
        for side, one in form.ends:
            low, high = (low, reach(one)) if side > 0 else (-reach(one), high)
        intervals = [one for one in form.grid.intervals() if one.low <= high and one.high >= low]
        found = [Entry(0.0, (0.0,) * (form.degree + 1), 0.0)] * SIZE
        key = (form.grid, form.ends)
        intervals.sort(key=lambda interval: interval.place != self._worst.get(key))  # what failed before fails first
        for interval in intervals:
            ends = tuple(one for side, one in form.ends if interval.low <= side * reach(one) <= interval.high)
            shift = getattr(form.grid, "shift", 0.0)
            entry = self._entry(max(low, interval.low), min(high, interval.high), shift, ends, form)
            if entry.error > _ROUGH:
                self._worst[key] = interval.place
                return None
            found[interval.place] = entry
        return tuple(found)

    def _entry(self, low: float, high: float, shift: float, ends: tuple[End, ...], form: Form) -> Entry:
        if low == high:
            return Entry(low, (rounded(self.layout.core(arb(low))), *[0.0] * form.degree), 0.0)
        given = self._points(low, high, shift, ends)
        if shift and given.centre == shift:
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

    def _points_of(self, low: float, high: float, shift: float, ends: tuple[End, ...]) -> Points:
        f = self.layout.core
        if shift and low < shift < high:
            return points(f, low, high, shift)
        for one in ends:  # beyond its end the function is constant, to the last digit
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
