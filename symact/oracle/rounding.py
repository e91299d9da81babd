"""Deciding how a number known to lie in a ball rounds to a format.

Two ways with the same answer: many balls at once in doubles, which decides all but a few in ten thousand, and one ball
at a time in integers, for any precision and any exponent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from symact.oracle.formats import Float64s, Format, Integers

#: A ball wider than this share of the format's spacing is refined, so that errors are known to 0.001 ULP.
RADIUS = 2.0**-11

#: Outside this range a part of a ball might be no double; so many powers of two bring most of what is outside into it.
_LEAST, _LARGEST, _MOVED = 1e-250, 1e250, 900

#: Beyond this every exponent is out of every format's range; larger ones are cut to it.
_EXPONENT = 1 << 20


@dataclass
class Balls:
    """Real numbers, each within ``(high + low ± radius) * 2**exponent``.

    The larger of ``high`` and ``radius`` is in [1/2, 1), or both are 0; ``low`` is at most half a unit in the last
    place of ``high``. A ball that is not finite has a NaN ``high``.
    """

    high: Float64s
    low: Float64s
    radius: Float64s
    exponent: Integers

    @staticmethod
    def of(values: list[arb], precision: int) -> Balls:
        """The balls of Arb results, which were computed with `precision` bits."""
        high, low, radius, moved = [], [], [], []
        extreme = []
        with ctx.workprec(precision):
            up, down = arb((1, _MOVED)), arb((1, -_MOVED))
            for index, value in enumerate(values):
                middle, around = value.mid(), value.rad()
                first, power = float(middle), 0
                if not _LEAST < abs(first) < _LARGEST:
                    factor, power = (up, -_MOVED) if abs(first) < 1 else (down, _MOVED)
                    middle, around = middle * factor, around * factor
                    first = float(middle)
                width = float(around)
                high.append(first)
                low.append(float(middle - first))
                radius.append(width)
                moved.append(power)
                # NaN, infinity and what is all radius come here too.
                if not (_LEAST < abs(first) < _LARGEST and width < _LARGEST) or (power and width > abs(first)):
                    extreme.append(index)
        fraction, exponent = np.frexp(np.array(high, np.float64))
        with np.errstate(invalid="ignore", over="ignore"):
            balls = Balls(
                fraction,
                np.ldexp(np.array(low, np.float64), -exponent),
                np.ldexp(np.array(radius, np.float64), -exponent),
                exponent.astype(np.int64) + np.array(moved, np.int64),
            )
        for index in extreme:
            balls.high[index], balls.low[index], balls.radius[index], balls.exponent[index] = _scaled(
                values[index], precision
            )
        # Conversions round to nearest: allow for it.
        balls.radius = balls.radius * (1 + 2.0**-50) + np.abs(balls.low) * 2.0**-52
        return balls

    def __getitem__(self, index: NDArray[Any]) -> Balls:
        return Balls(self.high[index], self.low[index], self.radius[index], self.exponent[index])

    def with_more(self, other: Balls) -> Balls:
        """These and others."""
        parts = ("high", "low", "radius", "exponent")
        return Balls(*(np.concatenate([getattr(self, part), getattr(other, part)]) for part in parts))

    def put(self, index: NDArray[np.intp], other: Balls) -> None:
        """Replace the balls at `index`."""
        self.high[index], self.low[index] = other.high, other.low
        self.radius[index], self.exponent[index] = other.radius, other.exponent


def _scaled(value: arb, precision: int) -> tuple[float, float, float, int]:
    """One ball in the form of `Balls`, for exponents of any size."""
    if not value.is_finite():
        return np.nan, 0.0, np.inf, 0
    mantissa, exponent = value.mid().man_exp()
    widest, at = value.rad().man_exp()
    if mantissa == 0 and widest == 0:
        return 0.0, 0.0, 0.0, 0
    if mantissa == 0:
        top = int(widest).bit_length() + int(at)
        return 0.0, 0.0, float(arb((widest, at - top))), min(max(top, -_EXPONENT), _EXPONENT)
    top = max(int(part).bit_length() + int(power) for part, power in ((mantissa, exponent), (widest, at)) if part)
    with ctx.workprec(precision):
        middle = arb((mantissa, exponent - top))
        high = float(middle)
        low = float(middle - high)
        radius = float(arb((widest, at - top)))
    return high, low, radius, min(max(top, -_EXPONENT), _EXPONENT)


def spacing(balls: Balls, format: Format, wide: NDArray[np.bool_] | None = None) -> Integers:
    """The exponent of the format's spacing at each ball's middle.

    Args:
        balls: the numbers.
        format: whose spacing.
        wide: which balls are not taken to be 2**k where they hold it, but may be just below, where the spacing is the
            smaller one; by default none.
    """
    # frexp puts 2**k at high = 1/2; just below it the binade is one lower. A narrow ball around 2**k counts as 2**k.
    side = np.sign(balls.high)
    below = (np.abs(balls.high) == 0.5) & (-side * balls.low > balls.radius)
    if wide is not None:
        below |= wide & ((np.abs(balls.high) - 0.5) + side * balls.low <= balls.radius)
    binade = balls.exponent - 1 - below
    binade[balls.high == 0] = format.emin
    return np.asarray(np.maximum(binade, format.emin) - format.precision + 1, np.int64)


def rounded(balls: Balls, format: Format) -> tuple[Float64s, NDArray[np.bool_]]:
    """Each ball rounded to the format, ties to even, and whether that is certain.

    Certain means: every number in the ball rounds to it, a zero has the true value's sign, and the ball is narrow
    enough for its middle to measure errors by. Exact ties are never certain here.
    """
    with np.errstate(all="ignore"):
        quantum = spacing(balls, format)
        shift = (balls.exponent - quantum).clip(-1100, format.precision + 2)
        high, low, radius = (np.ldexp(part, shift) for part in (balls.high, balls.low, balls.radius))
        integer = np.rint(high)
        rest = high - integer  # exact; the number is integer + rest + low, with rest in [-1/2, 1/2]
        above, below = (rest - 0.5) + low, (rest + 0.5) + low
        margin = radius * (1 + 2.0**-50)
        up, down = above > margin, below < -margin
        decided = up | down | ((above < -margin) & (below > margin))
        result = np.ldexp(integer + up - down, quantum.clip(-1100, 1100))
        result = np.where(np.abs(result) > format.max, np.copysign(np.inf, result), result)
        sign_known = (np.abs(balls.high) > balls.radius) | ((balls.high == 0) & (balls.radius == 0))
        sure = decided & sign_known & (radius <= RADIUS)
        return np.copysign(result, balls.high), sure


def spread(balls: Balls, format: Format) -> Float64s:
    """Each ball's radius in units of the format's spacing."""
    with np.errstate(all="ignore"):
        shift = (balls.exponent - spacing(balls, format)).clip(-1100, 1100)
        return np.asarray(np.ldexp(balls.radius, shift), np.float64)


def round_ball(value: arb, precision: int, format: Format) -> tuple[float, float]:
    """The format's numbers to which the lower and the upper end of a finite ball round; `precision` made the ball."""
    with ctx.workprec(precision):
        lower, upper = value.lower().man_exp(), value.upper().man_exp()
    return (
        format.nearest_dyadic(int(lower[0]), int(lower[1])),
        format.nearest_dyadic(int(upper[0]), int(upper[1])),
    )
