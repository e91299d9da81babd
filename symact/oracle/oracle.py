"""Correctly rounded values of a function from its definition, and how far other values are from it.

The definition's pieces are evaluated in Arb's ball arithmetic with growing precision until the rounding is decided.
What no precision decides is decided by exactness: a value that SymPy finds to be rational is rounded as a rational.

Three conventions end the search where neither helps, and nothing else is assumed:

* a value that 16384 bits cannot tell from the middle between two numbers of the format, or from 0, is taken to be that
  (both are rational, so this is about rational values that SymPy does not recognise);
* a value that certainly underflows to zero, but whose sign stays open, and so does a neighbour's, has the sign that the
  function has furthest out on that side of the line where the sign is certain;
* so far out that exponents leave Arb's range (``exp(exp(x))`` at 10**5), the value is the limit on that side, 0 or
  infinite, where what the function is asymptotically equal to is far beyond the format's numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from flint import arb, ctx
from numpy.typing import NDArray

from symact.errors import Error
from symact.oracle.arb import ArbFunction
from symact.oracle.formats import Float64s, Format, get
from symact.oracle.rounding import RADIUS, Balls, round_ball, rounded, spacing, spread
from symact.symbolic.branches import Branches
from symact.symbolic.leading import leading_term
from symact.symbolic.limits import limit_at
from symact.symbolic.series import UndecidedError

#: Bits of each attempt. The first decides nearly all; 2048 resolve the deepest subnormals of float64 next to 1.
PRECISIONS = (128, 512, 2048, 8192, 16384)

#: Where the sign towards a point is looked for: ``2**k`` (infinities) and ``2**-k`` (zeros); closely, for what happens
#: at 1 may happen anywhere with another parameter.
_TOWARDS = (*range(-160, 160), *range(160, 1024, 20))

#: Where Arb's exponents may end is further out than this.
_FAR = 1000.0

#: How many answers an oracle keeps, and for how many inputs at least: a bisection asks for few, and never again.
_REMEMBERED, _WORTH = 16, 32

#: At how many points of a piece, in one format, an oracle keeps the values: they are asked for in other company too.
_POINTS = 1 << 17


@dataclass(frozen=True)
class Reference:
    """The exact values of a function at some inputs, as far as a format needs them.

    Attributes:
        format: the format that values are compared in.
        rounded: the correctly rounded values, float64 whatever the format; contract included.
        balls: the exact values where they are finite, to 1/2048 of the format's spacing.
        wide: which balls may be just below a power of two that they hold; None for none. Errors are measured in the
            smaller spacing there.
    """

    format: Format
    rounded: Float64s
    balls: Balls
    wide: NDArray[np.bool_] | None = None

    @property
    def values(self) -> NDArray[Any]:
        """The correctly rounded values in the format's dtype."""
        return self.format.encode(self.rounded)

    def __getitem__(self, index: NDArray[Any]) -> Reference:
        """The values at some of the inputs."""
        wide = None if self.wide is None else self.wide[index]
        return Reference(self.format, self.rounded[index], self.balls[index], wide)

    @cached_property
    def _scaled(self) -> tuple[NDArray[np.int64], Float64s, Float64s]:
        """The spacing's exponent, and the exact values as (high, low) in units of the spacing."""
        with np.errstate(all="ignore"):
            quantum = spacing(self.balls, self.format, self.wide)
            shift = (self.balls.exponent - quantum).clip(-1100, 1100)
            return quantum.clip(-1100, 1100), np.ldexp(self.balls.high, shift), np.ldexp(self.balls.low, shift)

    def errors(self, values: NDArray[Any]) -> Float64s:
        """Errors of `values` (the format's dtype or float64) in ULP; see `symact.oracle.ulp.errors`."""
        values = as_float64(values, self.format)
        expected = self.rounded
        quantum, high, low = self._scaled
        with np.errstate(all="ignore"):
            error = np.abs((np.ldexp(values, -quantum) - high) - low)
        wrong_class = (np.isnan(values) != np.isnan(expected)) | (np.isinf(values) | np.isinf(expected))
        wrong_zero = (values == 0) & (np.signbit(values) != np.signbit(expected))
        error[wrong_class | wrong_zero] = np.inf
        error[(np.isnan(values) & np.isnan(expected)) | (np.isinf(values) & (values == expected))] = 0.0
        return error


def as_float64(values: NDArray[Any], format: Format) -> Float64s:
    """Values given in the format's dtype, or already as float64, as float64."""
    values = np.asarray(values)
    return values if values.dtype == np.float64 else format.decode(values)


@dataclass(frozen=True)
class _Known:
    """What a piece was found to be at some points, in the order of the points: rounded values, and balls."""

    x: Float64s
    rounded: Float64s
    balls: Balls

    def places(self, x: Float64s) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where each of some inputs is among the points, and whether it is there."""
        place = np.searchsorted(self.x, x)
        there = np.zeros(len(x), bool)
        inside = place < len(self.x)
        there[inside] = self.x[place[inside]] == x[inside]
        return place, there

    def with_more(self, other: _Known) -> _Known:
        """These points and others."""
        order = np.argsort(np.concatenate([self.x, other.x]), kind="stable")
        pairs = ((self.x, other.x), (self.rounded, other.rounded))
        x, rounded = (np.concatenate(pair)[order] for pair in pairs)
        return _Known(x, rounded, self.balls.with_more(other.balls)[order])


class Oracle:
    """A function of one real variable that knows its own value to any precision.

    Args:
        branches: the function, every parameter replaced by a value (``branches.subs(activation.values)``).

    Raises:
        Error: a function that cannot be evaluated rigorously, or a parameter without a value.
    """

    def __init__(self, branches: Branches) -> None:
        self.branches = branches
        self._leading: dict[int, ArbFunction | None] = {}
        self._functions = [ArbFunction(piece.expression, branches.x) for piece in branches.pieces]
        self._cuts = [_nearest_double(point.x) for point in branches.points]
        self._towards: dict[tuple[bool, float], float] = {}
        self._memory: dict[tuple[str, bytes, bytes], Reference] = {}
        self._points: dict[tuple[str, int], _Known] = {}
        self._special: dict[tuple[float, float, int, int], tuple[sympy.Expr | None, float]] = {}

    @property
    def breakpoints(self) -> list[float]:
        """The finite points between the pieces, each as the nearest double."""
        return [cut for cut, _ in self._cuts]

    def rounded(self, x: NDArray[Any], format: Format | str) -> NDArray[Any]:
        """The correctly rounded values at `x` in the format's dtype.

        Args:
            x: inputs in the format's dtype, or any doubles.
            format: a `Format` or its name; rounds to nearest, ties to even.
        """
        return self.reference(x, format).values

    def enclosure(self, x: float, precision: int = 256) -> tuple[Fraction, Fraction]:
        """Middle and radius of a ball that contains the exact value at a finite `x` inside a piece.

        Raises:
            Error: `x` is not finite or is a point between pieces, or the value is not known to be finite at this
                precision (in bits).
        """
        piece, point = self._locate(np.array([x], np.float64))
        if not np.isfinite(x) or point[0] >= 0:
            raise Error(f"x = {x} lies in no open piece", "ask at a finite point between the breakpoints")
        (value,) = self._functions[piece[0]].values([x], precision)
        if not value.is_finite():
            raise Error(f"the value at x = {x} is not known to be finite at {precision} bits", "raise the precision")
        return _fraction(value.mid()), _fraction(value.rad())

    def reference(self, x: NDArray[Any], format: Format | str, factor: NDArray[Any] | None = None) -> Reference:
        """The exact values at `x`, or those times `factor` with one rounding (the backward pass).

        Args:
            x: inputs, shape (n,), in the format's dtype or float64.
            format: the format that results are rounded to and measured in.
            factor: None, or numbers of the same shape; NaN, infinities and zeros multiply the rounded value as IEEE
                says.

        The last few answers for more than a few inputs are remembered.
        """
        format = get(format)
        x = as_float64(x, format)
        factor = None if factor is None else as_float64(factor, format)
        if len(x) < _WORTH:
            return self._reference(x, format, factor)
        key = (format.name, x.tobytes(), b"" if factor is None else factor.tobytes())
        found = self._memory.get(key)
        if found is None:
            if len(self._memory) >= _REMEMBERED:
                self._memory.pop(next(iter(self._memory)))
            found = self._memory[key] = self._reference(x, format, factor)
        return found

    def _reference(self, x: Float64s, format: Format, factor: Float64s | None) -> Reference:
        count = len(x)
        result = np.full(count, np.nan)
        balls = Balls(np.full(count, np.nan), np.zeros(count), np.zeros(count), np.zeros(count, np.int64))
        plain = None if factor is None else np.isfinite(factor) & (factor != 0)
        scale = None if factor is None or plain is None else np.where(plain, factor, 1.0)
        piece, point = self._locate(x)
        ordinary = np.isfinite(x) & (point < 0) & (x != 0)
        for number, function in enumerate(self._functions):
            (index,) = np.nonzero(ordinary & (piece == number))
            if len(index):
                result[index], found = (
                    self._at_points(number, x[index], format)
                    if scale is None
                    else self._evaluate(function, x[index], format, scale[index])
                )
                balls.put(index, found)
        for at in np.nonzero(~ordinary & ~np.isnan(x))[0]:
            one = slice(at, at + 1)
            value, zero = self._at_special_point(float(x[at]), int(piece[at]), int(point[at]))
            result[one], found = self._constant(value, zero, format, None if scale is None else scale[one])
            balls.put(np.array([at]), found)
        if factor is not None and plain is not None:
            with np.errstate(all="ignore"):
                result = np.where(plain, result, result * factor)
            balls.high[~plain] = balls.low[~plain] = 0.0
        return Reference(format, result, balls)

    def _at_points(self, number: int, x: Float64s, format: Format) -> tuple[Float64s, Balls]:
        """A piece at finite points other than 0: those that were asked for before are not computed again."""
        if not _WORTH <= len(x) <= _POINTS:
            return self._evaluate(self._functions[number], x, format, None)
        key = format.name, number
        known = self._points.get(key)
        fresh = np.unique(x if known is None else x[~known.places(x)[1]])
        if len(fresh):
            more = _Known(fresh, *self._evaluate(self._functions[number], fresh, format, None))
            kept = known is not None and len(known.x) + len(fresh) <= _POINTS
            found = more if known is None else known.with_more(more)
            self._points[key] = found if known is None or kept else more
        else:
            assert known is not None
            found = known
        place, _ = found.places(x)
        return found.rounded[place], found.balls[place]

    def _locate(self, x: Float64s) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each x the index of its piece, and that of the point between pieces it is exactly on, or -1."""
        piece = np.zeros(len(x), np.int64)
        point = np.full(len(x), -1)
        for number, (cut, side) in enumerate(self._cuts):
            piece += (x > cut) | ((x == cut) & (side > 0))
            if side == 0:
                point[x == cut] = number
        return piece, point

    def _at_special_point(self, x: float, piece: int, point: int) -> tuple[sympy.Expr | None, float]:
        """The exact value at an infinity, a zero or a point between pieces, and the zero to give where it vanishes."""
        key = (x, float(np.copysign(1.0, x)), piece, point)
        if key not in self._special:
            self._special[key] = self._find_at_special_point(x, piece, point)
        return self._special[key]

    def _find_at_special_point(self, x: float, piece: int, point: int) -> tuple[sympy.Expr | None, float]:
        branches = self.branches
        if np.isinf(x):
            end = sympy.oo if x > 0 else -sympy.oo
            value = limit_at(branches.pieces[piece].expression, branches.x, end, "-" if x > 0 else "+")
            return value, self._zero_towards(x) if value == 0 else 0.0
        if point >= 0:
            value = branches.points[point].value
            if x != 0 or value != 0:
                return value, 0.0
            side = branches.points[point].left if np.signbit(x) else branches.points[point].right
            return value, self._zero_towards(x) if side == 0 else 0.0
        value = branches.pieces[piece].expression.subs(branches.x, 0)
        return value, self._zero_towards(x) if value == 0 else 0.0

    def _zero_towards(self, end: float) -> float:
        """A zero with the sign that the function has next to ±0 or ±inf on that side; +0 where it is 0 there too."""
        key = (math.isinf(end), math.copysign(1.0, end))
        if key not in self._towards:
            self._towards[key] = self._sign_towards(end)
        return math.copysign(0.0, self._towards[key])

    def _sign_towards(self, end: float) -> float:
        powers = np.ldexp(1.0, np.array(_TOWARDS) * (1 if np.isinf(end) else -1))
        points = np.copysign(powers, end)
        sign = 1.0
        for piece, x in zip(self._locate(points)[0], points.tolist(), strict=True):
            for precision in (PRECISIONS[0], PRECISIONS[2]):
                (value,) = self._functions[piece].values([x], precision)
                if value.is_zero() or (value.is_finite() and not value.contains(0)):
                    sign = -1.0 if value < 0 else 1.0
                    break
        return sign

    def _constant(
        self, value: sympy.Expr | None, zero: float, format: Format, scale: Float64s | None
    ) -> tuple[Float64s, Balls]:
        """A constant (None: undefined) rounded to the format; `zero` is given where it is 0."""
        sign = 1.0 if scale is None else float(np.sign(scale[0]))
        if value is None or value is sympy.nan or value is sympy.zoo:
            return np.array([np.nan]), _no_balls(np.nan)
        if value in (sympy.oo, -sympy.oo):
            return np.array([np.inf if value is sympy.oo else -np.inf]) * sign, _no_balls(np.nan)
        if value == 0:
            return np.array([zero]) * sign, _no_balls(0.0)
        return self._evaluate(ArbFunction(value, self.branches.x), np.zeros(1), format, scale)

    def _evaluate(
        self, function: ArbFunction, x: Float64s, format: Format, scale: Float64s | None
    ) -> tuple[Float64s, Balls]:
        """The function (times `scale`) at finite points: rounded values and balls."""

        def values(index: list[int], precision: int) -> list[arb]:
            found = function.values([inputs[i] for i in index], precision)
            if factors is None:
                return found
            with ctx.workprec(precision):
                return [value * factors[i] for value, i in zip(found, index, strict=True)]

        inputs = x.tolist()
        factors = None if scale is None else scale.tolist()
        balls = Balls.of(values(list(range(len(inputs))), PRECISIONS[0]), PRECISIONS[0])
        result, sure = rounded(balls, format)
        open_ = np.nonzero(~sure)[0].tolist()
        for precision in PRECISIONS[1:]:
            if not open_:
                break
            found = values(open_, precision)
            narrower = Balls.of(found, precision)
            balls.put(np.array(open_, np.intp), narrower)
            still = []
            at_once, sure = rounded(narrower, format)
            widths = spread(narrower, format).tolist()
            for i, value, width, one, is_sure in zip(
                open_, found, widths, at_once.tolist(), sure.tolist(), strict=True
            ):
                decided = one if is_sure else None
                if width <= RADIUS and not is_sure:
                    factor = 1.0 if factors is None else factors[i]
                    decided = self._decide(
                        function, inputs[i], value, factor=factor, precision=precision, format=format
                    )
                if decided is None:
                    still.append(i)
                else:
                    result[i] = decided
            open_ = still
        for i in open_:
            limit = self._far_out(inputs[i], (balls.high[i], int(balls.exponent[i])), format)
            result[i] = limit * (1.0 if factors is None else factors[i])
        if scale is not None:
            vanishes = (balls.high == 0) & (balls.radius == 0)
            result[vanishes] = 0.0 * scale[vanishes]
        return result, balls

    def _far_out(self, x: float, ball: tuple[float, int], format: Format) -> float:
        """The limit on the side of `x` where Arb's exponents end; `ball` is the (high, exponent) of what Arb found.

        Raises:
            Error: `x` is not far out, or the limit is not one that the ball allows, so the value stays unknown.
        """
        high, exponent = ball
        end = float(np.copysign(np.inf, x))
        if abs(x) > _FAR and np.ptp(self._locate(np.array([x, end]))[0]) == 0:
            value, zero = self._at_special_point(end, len(self._functions) - 1 if x > 0 else 0, -1)
            overflows = value in (sympy.oo, -sympy.oo) and exponent > format.emax + 1
            if overflows or (np.isnan(high) and value is not None and self._is_beyond(x, value, format)):
                return float(self._constant(value, zero, format, None)[0][0])
        raise Error(f"the value at x = {x!r} could not be enclosed with {PRECISIONS[-1]} bits")

    def _is_beyond(self, x: float, limit: sympy.Expr, format: Format) -> bool:
        """Whether what the function tends to, 0 or an infinity, is what it rounds to at `x`, by its leading term."""
        if not (limit == 0 or limit.is_infinite):
            return False
        side = int(np.sign(x))
        if side not in self._leading:
            self._leading[side] = self._find_leading(side)
        logarithm = self._leading[side]
        if logarithm is None:
            return False
        (size,) = logarithm.values([abs(x)], PRECISIONS[0])
        end = math.log(format.smallest_subnormal if limit == 0 else format.max)
        # A constant, and what is not in the leading term, are nothing beside so much; a size that is no number is more.
        return not size.is_finite() or bool(size < 2 * end if limit == 0 else size > 2 * end)

    def _find_leading(self, side: int) -> ArbFunction | None:
        """The logarithm of the leading term on a side, without its constant; None where that is not found."""
        t = sympy.Dummy("t", positive=True)
        piece = self.branches.pieces[-1 if side > 0 else 0]
        try:
            return ArbFunction(leading_term(piece.expression.subs(self.branches.x, side * t), t).logarithm, t)
        except UndecidedError:
            return None

    def _decide(
        self, function: ArbFunction, x: float, value: arb, *, factor: float, precision: int, format: Format
    ) -> float | None:
        """What the number in a narrow ball rounds to, or None while that is open."""
        lower, upper = round_ball(value, precision, format)
        if lower == upper and (lower != 0 or not value.contains(0) or value.is_zero()):
            return lower
        # Open: an underflow of unknown sign, an exact root, or a tie.
        if precision < PRECISIONS[2]:
            return None
        underflows = lower == upper and self._vanishes_around(function, x, precision)
        if underflows:
            return self._zero_towards(float(np.copysign(np.inf, x))) * factor
        if precision < PRECISIONS[3]:
            return None  # more bits mostly show which it is, in less time than looking for an exact value takes
        exact = function.exact(x)
        if exact is not None:
            return format.nearest(exact * Fraction(factor)) if exact else 0.0 * factor
        if precision < PRECISIONS[-1]:
            return None
        if lower == upper:
            return 0.0 * factor
        ends = np.array([lower, upper])
        return float(ends[format.ordinals(ends) % 2 == 0][0])

    @staticmethod
    def _vanishes_around(function: ArbFunction, x: float, precision: int) -> bool:
        """Whether zero cannot be told from the value a millionth beside `x` either: a tail, not a root."""
        (beside,) = function.values([x * (1 - 2.0**-20)], precision)
        return bool(beside.is_finite() and beside.contains(0))


def _no_balls(high: float) -> Balls:
    return Balls(np.array([high]), np.zeros(1), np.zeros(1), np.zeros(1, np.int64))


def _nearest_double(exact: sympy.Expr) -> tuple[float, int]:
    """The double nearest to a real constant, and the sign of the double minus the constant."""
    if exact.is_Rational:
        value = Fraction(int(exact.p), int(exact.q))
        double = float(value)
        return double, (Fraction(double) > value) - (Fraction(double) < value)
    (ball,) = ArbFunction(exact, sympy.Dummy()).values([0.0], PRECISIONS[-1])
    double = float(ball)
    return double, int(arb(double) > ball) - int(arb(double) < ball)


def _fraction(value: arb) -> Fraction:
    mantissa, exponent = value.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
