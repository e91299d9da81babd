"""A function at many float64 numbers: polynomials in double-double with a proved error, where enough of them lie close.

There are too many float64 numbers to cover the line as `symact.verification.certified` does. Polynomials are made for
given inputs: where only few of them lie in a stretch, asking the oracle is cheaper, and no polynomial is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from symact.oracle.formats import FORMATS, Float64s, Integers
from symact.oracle.oracle import Oracle
from symact.oracle.rounding import Balls, spacing
from symact.verification.double_double import STEP, horner
from symact.verification.series import UnknownSeriesError
from symact.verification.stretches import Expansion, Region, Ways, below, regions

FLOAT64 = FORMATS["float64"]

#: The bound of every polynomial, in ULP of float64.
TOLERANCE = 2.0**-13

#: Terms of a polynomial, of which the smallest may be left out.
TERMS = 18

#: So many terms are tried first next to one that needed no more.
_SHORT = 4

#: A stretch with fewer inputs is left to the oracle.
FEW = 48

#: Bits of an attempt, and of how many of a value's bits more of them would not help; the second attempt is for what
#: cancels, next to 0 or in a tail.
_PRECISIONS, _ENOUGH = (192, 1152), 90

#: Below this power of two a result rounds to 0 by a wide margin.
_NOTHING = FLOAT64.quantum - 15

_LINE = np.dtype(
    [
        ("first", np.int64),
        ("last", np.int64),
        ("centre", np.float64),
        ("scale", np.float64),
        ("high", np.float64, (TERMS,)),
        ("low", np.float64, (TERMS,)),
        ("terms", np.int64),
        ("exponent", np.int64),
        ("radius", np.float64),
        ("zero", np.float64),
    ]
)

Line = tuple[Any, ...]
_TERMS = list(_LINE.names or ()).index("terms")


class FineTable:
    """Polynomials of one function that cover most of some float64 numbers.

    Args:
        oracle: the function.
        x: the numbers, shape (n,).

    Attributes:
        pieces: for side 1 and -1 an array of lines in the order of magnitudes: on magnitudes with the bit patterns
            `first` to `last` the value is within `radius` of ``sum((high[k] + low[k])*u**k)``, both times
            ``2**exponent``, with u = (x - centre)*scale.  Where the value rounds to zero, `zero` is that zero's sign.
    """

    def __init__(self, oracle: Oracle, x: Float64s) -> None:
        self.oracle = oracle
        self._inputs = x.tobytes()
        with np.errstate(invalid="ignore"):
            ordinals = np.sort(FLOAT64.ordinals(x[np.isfinite(x)]))
        self.pieces = {side: self._side(side, np.sort(side * ordinals)) for side in (1, -1)}
        self._hold_against_the_oracle()

    def _side(self, side: int, ordinals: Integers) -> NDArray[np.void]:
        found: list[Line] = []
        for region in regions(self.oracle, side, FLOAT64)[0]:
            maker = _Maker(region, side)
            for binade in region.binades(FLOAT64):
                stack = [binade]
                while stack:
                    low, high = stack.pop()
                    if np.diff(np.searchsorted(ordinals, [low, high + 1]))[0] < FEW:
                        continue
                    try:
                        line = maker(low, high)
                    except UnknownSeriesError:
                        return np.array(found, _LINE)
                    if line is not None:
                        found.append(line)
                    elif low < high:
                        middle = (low + high) // 2
                        stack += [(middle + 1, high), (low, middle)]
        return np.array(found, _LINE)

    def made_for(self, x: Float64s) -> bool:
        """Whether these are the numbers that it was made for."""
        return self._inputs == x.tobytes()

    def _hold_against_the_oracle(self) -> None:
        """Leave out what differs from the oracle at an end by more than both may be wrong; zeros get its sign."""
        for side, pieces in self.pieces.items():
            ends = side * FLOAT64.from_ordinals(np.concatenate([pieces["first"], pieces["last"]]))
            reference = self.oracle.reference(ends, FLOAT64)
            balls, _ = self.enclosures(ends)
            with np.errstate(all="ignore"):
                unit = spacing(reference.balls, FLOAT64)
                high, low = (
                    [np.ldexp(part, (ball.exponent - unit).clip(-1100, 1100)) for part in (ball.high, ball.low)]
                    for ball in (balls, reference.balls)
                )
                right = np.abs((high[0] - low[0]) + (high[1] - low[1])) <= 2.0**-9  # the oracle's own radius is 2**-11
            first, last = np.split(np.copysign(1.0, reference.rounded), 2)
            zero, rounded = pieces["zero"] != 0, reference.rounded == 0
            right = np.where(zero, rounded[: len(pieces)] & (first == last), np.all(np.split(right, 2), axis=0))
            pieces["zero"][zero] = first[zero]
            self.pieces[side] = pieces[right]

    def enclosures(self, x: Float64s) -> tuple[Balls, Float64s]:
        """Balls that contain the exact values, and the sign of the zero to which they round (0 where they do not).

        Args:
            x: float64 numbers, shape (n,).

        Returns:
            Balls that are not finite where no polynomial is.
        """
        n = len(x)
        balls = Balls(np.full(n, np.nan), np.zeros(n), np.zeros(n), np.zeros(n, np.int64))
        zero = np.zeros(n)
        with np.errstate(invalid="ignore"):
            magnitudes = FLOAT64.ordinals(np.abs(x))
        for side, pieces in self.pieces.items():
            (index,) = np.nonzero(np.signbit(x) == (side < 0))
            if not len(pieces):
                continue
            line = np.searchsorted(pieces["last"], magnitudes[index]).clip(max=len(pieces) - 1)
            covered = (pieces["first"][line] <= magnitudes[index]) & (magnitudes[index] <= pieces["last"][line])
            index, line = index[covered], line[covered]
            zero[index] = pieces["zero"][line]
            for terms in np.unique(pieces["terms"][line]).tolist():
                chosen = pieces["terms"][line] == terms
                balls.put(index[chosen], _values(pieces, line[chosen], x[index[chosen]], terms))
        return balls, zero


def _values(pieces: NDArray[np.void], line: NDArray[np.intp], x: Float64s, terms: int) -> Balls:
    """The polynomials of the lines with these numbers, each with so many terms, at its input."""
    u = (x - pieces["centre"][line]) * pieces["scale"][line]
    high, low = horner(
        [pieces["high"][line, k] for k in range(terms)], [pieces["low"][line, k] for k in range(terms)], u
    )
    fraction, shift = np.frexp(high)
    radius = np.ldexp(pieces["radius"][line], -shift)
    return Balls(fraction, np.ldexp(low, -shift), radius, pieces["exponent"][line] + shift)


class _Maker:
    """Makes the lines of one region; what succeeded last is tried first."""

    def __init__(self, region: Region, side: int) -> None:
        self.region, self.side = region, side
        self.ways = Ways(region.functions, _PRECISIONS, _ENOUGH)
        self.terms, self.vanished = TERMS, False

    def __call__(self, low: int, high: int) -> Line | None:
        """The line of a stretch, or None."""
        ends = _ends(low, high)
        if self.vanished and self._vanishes(ends):
            return _zero(low, high)

        def make(taylor: Expansion, precision: int) -> Line | None:
            return _line(taylor, self.side, (low, high), precision)

        line = self.ways.first(ends, _SHORT, make) if self.terms <= _SHORT else None
        line = line or self.ways.any(ends, TERMS, make)
        if line:
            self.terms = line[_TERMS]
            return line
        return _zero(low, high) if self._vanishes(ends) else None

    def _vanishes(self, ends: tuple[float, float]) -> bool:
        """Whether the value certainly rounds to zero on a whole stretch."""
        self.vanished = below(self.region.functions, ends, arb(2) ** _NOTHING, _PRECISIONS) is not None
        return self.vanished


def _ends(low: int, high: int) -> tuple[float, float]:
    first, last = FLOAT64.from_ordinals(np.array([low, high]))
    return float(first), float(last)


def _zero(low: int, high: int) -> Line:
    """The line of a stretch on which the value rounds to a zero; its sign is open."""
    return (low, high, 0.0, 1.0, (0.0,) * TERMS, (0.0,) * TERMS, 1, 0, 0.0, 1.0)


def _line(taylor: Expansion, side: int, stretch: tuple[int, int], precision: int) -> Line | None:
    """An expansion in double-double, with the bound of all its errors; None where that is too large."""
    with ctx.workprec(precision):
        mantissa, power = taylor.coefficients[0].mid().man_exp()
        if not mantissa:
            return None
        exponent = int(mantissa).bit_length() + int(power)
        unit = arb(2) ** -exponent
        exact = [c * unit for c in taylor.coefficients]
        upper = [float(c.mid()) for c in exact]
        if not np.isfinite(upper).all():
            return None
        lower = [float(c.mid() - part) for c, part in zip(exact, upper, strict=True)]
        parts = zip(exact, upper, lower, strict=True)
        off = sum(((c - one - two).abs_upper() for c, one, two in parts), arb(0))
        bound = float((taylor.rest * unit + off).abs_upper()) * (1 + 2.0**-40)
    sizes = [abs(part) * taylor.reach**k for k, part in enumerate(upper)]
    smallest = (sizes[0] - sum(sizes[1:])) * (1 - 2.0**-40) - bound
    if not smallest > 0:
        return None
    quantum = max(int(np.frexp(smallest)[1]) - 1 + exponent, FLOAT64.emin) - FLOAT64.precision + 1
    allowed = TOLERANCE * 2.0 ** min(quantum - exponent, 0)
    terms = len(sizes)
    while terms > 1 and sum(sizes[terms - 1 :]) <= allowed / 16:
        terms -= 1
    left_out = sum(sizes[terms:])
    constant = terms == 1 and bound + left_out == 0
    radius = 0.0 if constant else (bound + left_out) * (1 + 2.0**-40) + terms * STEP * sum(sizes) + 2.0**-1000
    if not radius <= allowed:
        return None
    centre = side * taylor.centre
    if side < 0:  # x - centre has to be the same double, with the other sign
        upper, lower = ([part if k % 2 == 0 else -part for k, part in enumerate(both)] for both in (upper, lower))
    none = (0.0,) * (TERMS - len(upper))
    return (*stretch, centre, taylor.scale, (*upper, *none), (*lower, *none), terms, exponent, radius, 0.0)
