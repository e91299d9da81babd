"""Programs of level ``accurate`` from tables: what rounding takes from their sums and products is added in the end.

A value is a pair of float32 numbers from the table on; a product with an exponential, which brings a tail through all
its sizes, keeps being one. So results are good to little more than half an ULP, which float32 alone is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from flint import arb, ctx

from symact.kernel.piecewise.ends import Beyond, Constant, Line
from symact.kernel.piecewise.exact import WANTED
from symact.kernel.piecewise.fit import Entry, rounded
from symact.kernel.piecewise.form import Form, Written
from symact.kernel.piecewise.grid import SIZE, WHOLE, number, text
from symact.kernel.program import Builder
from symact.oracle.formats import Float64s

#: Closer to a root than this part of it, a product's low part is as large as the product.
_BESIDE_ROOT = 2.0**-18

#: What is lost of smaller numbers than this is subnormal.
_LEAST = 2.0**-100

#: An entry of the table of exponentials has its place, 5 bits, added to its bits so far up: beside the exponent, from
#: which the operation "lower" takes n and the place off at once.
_PLACE_BITS = 23 - 5


@dataclass(frozen=True)
class Decay:
    """exp(-rate*t) or exp(-rate*t^2), which a function is divided by before it comes into a table.

    Attributes:
        rate: a multiple of 1/2.
        squared: the second.
        left: t is -x where x < 0, else 0; otherwise t is |x|.
        far: t stops there, where the function is next to nothing.
    """

    rate: float
    squared: bool
    left: bool
    far: float

    def ball(self, x: arb) -> arb:
        """Its value."""
        size = -x if x < 0 else arb(0) if self.left else x
        return (-self.rate * (size**2 if self.squared else size)).exp()

    def values(self, x: Float64s) -> Float64s:
        """The same to the digits of float64."""
        size = np.maximum(-x, 0.0) if self.left else np.abs(x)
        return np.exp(-self.rate * (size**2 if self.squared else size))

    @property
    def about(self) -> str:
        """For the record."""
        rate = "" if self.rate == 1 else f"{self.rate:g}*"
        return f"exp(-{rate}{'max(-x, 0)' if self.left else '|x|'}{'^2' if self.squared else ''})*"

    def write(self, b: Builder, t: int) -> tuple[int, int]:
        """The steps of a number with 24 digits, and of what it has to be multiplied with besides, less 1."""
        square = b("mul", t, t) if self.squared else t
        with ctx.workprec(WANTED):
            step = arb(2).log() / (SIZE * arb(self.rate))
            key = b("fma", square, number(b, rounded(1 / step)), number(b, WHOLE))
            count = b("sub", key, number(b, WHOLE))
            high = rounded(step)
            r = b("fma", count, number(b, -high), square)
            r = b("fma", count, number(b, -rounded(step - high)), r)
            exact = [(-(arb(2).log() * k / SIZE)).exp() for k in range(SIZE)]
            heads = [rounded(value) for value in exact]
            tails = [rounded(value / head - 1) for value, head in zip(exact, heads, strict=True)]
        bits = np.array(heads, np.float32).view(np.uint32) + (np.arange(SIZE, dtype=np.uint32) << _PLACE_BITS)
        head = b("lower", b("entry", b.table([text(v) for v in bits.view(np.float32)]), key), key)
        # For the fourth power, which is left out, there is (ln(2)/64)^2 times the second, a quarter of it at most off.
        second = self.rate**2 / 2 * (1 + (math.log(2) / (2 * SIZE)) ** 2 / 12)
        lost = b("fms", t, t, square) if self.squared else None
        whole = r if lost is None else b("add", r, lost)
        curve = b("fma", whole, number(b, -(self.rate**3) / 6), number(b, second))
        rest = b("fma", curve, b("mul", whole, whole), b("entry", b.table([text(v) for v in tails]), key))
        if lost is not None:
            rest = b("fma", lost, number(b, -self.rate), rest)
        return head, b("fma", r, number(b, -self.rate), rest)


class _Sum(NamedTuple):
    """high + low, or scale*(high + low) + lost*high."""

    high: int
    low: int
    scale: int | None = None
    lost: int | None = None


@dataclass(frozen=True)
class Compensated(Form):
    """f(x) = [side +] [x*] [decay*] table.

    Attributes:
        decay: what the table is multiplied with besides.
        rise: "ramp": f(x) = max(x, 0) + g(|x|), "step": f(-t) = g(t), f(t) = 1 - g(t), and what is said of f above is
            said of g, with |x| for a factor; "": neither.
        deep: of how many sums before the last one that is added too which they lose.
    """

    decay: Decay | None
    rise: str
    deep: int

    @property
    def about(self) -> str:
        """See `Form`."""
        side = {"ramp": "max(x, 0) + ", "step": "1 for x > 0, -+ ", "": ""}[self.rise]
        factor = "" if not self.factor else "|x|*" if self.rise else "x*"
        decay = self.decay.about if self.decay else ""
        table = f"{side}{factor}{decay}table({'|x|' if self.half else 'x'}), {1 + self.deep} compensated"
        return f"{table}, degree {self.degree}, {type(self.grid).__name__.lower()}, {self.described_ends()}"

    def whole(self, u: Float64s, table: Float64s) -> Iterator[tuple[Float64s, Float64s]]:
        """See `Form`."""
        value = table * (u if self.factor else 1.0) * (self.decay.values(u) if self.decay else 1.0)
        if not self.rise:
            yield u, value
        else:
            yield -u, value
            yield u, u + value if self.rise == "ramp" else 1 - value

    def write(self, entries: Sequence[Entry], b: Builder, x: int, gradient: int | None = None) -> Written:
        """See `Form`."""
        outside: list[int] = []
        factor, u = self._argument(b, x, outside)
        value = self._looked_up(entries, b, u)
        if self.decay is None:
            scale = (b("abs", x) if self.rise else factor) if self.factor else None
            if self.rise == "step":
                scale = b("copysign", number(b, 1.0) if scale is None else scale, x)
            value = _Sum(value.high, value.low, scale)
        else:
            t = self._size(b, x, self.decay, outside)
            head, rest = self.decay.write(b, t)
            near = value.high if self.deep and self.root is None else b("add", value.high, value.low)
            low = b("fma", rest, near, value.low)
            if self.rise == "step":
                head = b("copysign", head, x)
            if self.factor:
                factor = t if self.rise else factor
                scale = b("mul", factor, head)
                value = _Sum(value.high, low, scale, b("fms", factor, head, scale))
            else:
                value = _Sum(value.high, low, head)
        if self.rise == "ramp":
            result = self._on_ramp(b, x, _pair(b, value))
        else:
            value = self._on_step(b, x, _pair(b, value)) if self.rise else value
            result = _rounded(b, value) if gradient is None else _times(b, gradient, _pair(b, value), outside)
            used = [entry for entry in entries if any(entry.coefficients)]
            exact_at_0 = any(entry.centre == 0 and not entry.rest for entry in used)
            if self.factor and (self.decay is not None or not exact_at_0):
                # The least numbers have no digits for what is lost, and 0 may lose its sign.
                least = b("lt", b("abs", x), number(b, _LEAST))
                outside.append(b("and", least, b("ne", x, number(b, 0.0))))
                result = b("select", least, x, result)
        for _, end in self.ends:
            if isinstance(end, Line):
                result = b("select", b("lt", number(b, end.at), x), x, result)
        return Written(result, reduce(lambda one, other: b("or", one, other), outside) if outside else None)

    def _argument(self, b: Builder, x: int, outside: list[int]) -> tuple[int, int]:
        """x as far as it counts as a factor, and the table's argument; adds where x is outside the table."""
        factor = x
        if self.factor and not self.rise:
            for side, end in self.ends:
                if isinstance(end, Constant):
                    for each in (side, -side) if self.half else (side,):
                        factor = _stopped(b, factor, each, end.at)
        u = b("abs", factor) if self.half else factor
        for side, end in self.ends:
            if isinstance(end, Beyond):
                limit = number(b, side * end.at)
                outside.append(b("lt", limit, u) if side > 0 else b("lt", u, limit))
            elif factor == x:
                u = _stopped(b, u, side, end.at)
        if self.root is not None:
            away = b("abs", b("sub", u, number(b, self.root)))
            outside.append(b("lt", away, number(b, abs(self.root) * _BESIDE_ROOT)))
        return factor, u

    def _size(self, b: Builder, x: int, decay: Decay, outside: list[int]) -> int:
        """The argument of the exponential; adds where it is too large."""
        if decay.left:
            t = b("max", b("sub", number(b, 0.0), x), number(b, 0.0))
        else:
            t = b("abs", x)
        far = number(b, decay.far)
        if not self.rise:
            outside.append(b("lt", far, t))
            return t
        outside.append(b("lt", x, number(b, -decay.far)))
        return b("min", t, far)

    def _looked_up(self, entries: Sequence[Entry], b: Builder, u: int) -> _Sum:
        """The table's function."""
        key = self.grid.key(b, u)

        def looked_up(column: Iterable[float]) -> int:
            return b("entry", b.table([text(value) for value in column]), key)

        h = b("sub", u, looked_up(entry.centre for entry in entries))
        at_root = [entry.centre == self.root for entry in entries]
        places = list(zip(at_root, entries, strict=True))
        *coefficients, last = (looked_up(column) for column in zip(*(e.coefficients[2:] for e in entries), strict=True))
        constant = looked_up(0.0 if here else entry.coefficients[0] for here, entry in places)
        slope = looked_up(entry.lead if here else entry.coefficients[1] for here, entry in places)
        for coefficient in reversed(coefficients[max(self.deep - 1, 0) :]):
            last = b("fma", last, h, coefficient)
        rest = None
        for coefficient in (*reversed(coefficients[: self.deep - 1]), slope) if self.deep else ():
            total = b("fma", last, h, coefficient)
            lost = b("fma", last, h, b("sub", coefficient, total))
            last, rest = total, lost if rest is None else b("fma", rest, h, lost)
        if self.deep:
            slope = last
        if self.root is None:
            high = b("fma", slope, h, constant)
            lost = b("fma", slope, h, b("sub", constant, high))
            if any(entry.rest for entry in entries):
                lost = b("add", lost, looked_up(entry.rest for entry in entries))
            return _Sum(high, b("fma", last, b("mul", h, h), lost) if rest is None else b("fma", rest, h, lost))
        first = looked_up(entry.coefficients[1] if here else 0.0 for here, entry in places)
        beside = looked_up(entry.coefficients[0] if here else entry.rest for here, entry in places)
        rest = b("fma", last, h, first) if rest is None else b("add", rest, first)
        rise = b("mul", slope, h)  # beside a root it is as large as the constant, so that their sum can be small
        high = b("add", constant, rise)
        lost = b("add", b("sub", rise, b("sub", high, constant)), b("fms", slope, h, rise))
        return _Sum(high, b("fma", rest, h, b("add", lost, beside)))

    def _on_ramp(self, b: Builder, x: int, value: _Sum) -> int:
        """max(x, 0) + value, and x where nothing is left of the value. What is lost is taken off, so that -0 stays."""
        side = b("max", x, b("copysign", number(b, 0.0), x))
        high = b("add", side, value.high)
        back = b("sub", high, side)
        more = b("sub", back, value.high)
        if not self.factor:  # else the value is less than |x|
            more = b("add", b("sub", b("sub", high, back), side), more)
        result = b("sub", high, b("sub", more, value.low))
        if self.decay is None:
            return result
        return b("select", b("lt", number(b, self.decay.far), x), x, result)

    def _on_step(self, b: Builder, x: int, value: _Sum) -> _Sum:
        """(0 or 1) - value, whose sign is that of x."""
        half = number(b, 0.5)
        side = b("add", b("copysign", half, x), half)
        high = b("sub", side, value.high)
        lost = b("sub", b("sub", side, high), value.high)
        return _Sum(high, b("sub", lost, value.low))


def _rounded(b: Builder, value: _Sum) -> int:
    """The value as one number."""
    if value.scale is None:
        return b("add", value.high, value.low)
    if value.lost is None:
        low = b("mul", value.scale, value.low)
    else:
        low = b("fma", value.scale, value.low, b("mul", value.lost, value.high))
    return b("fma", value.scale, value.high, low)


def _times(b: Builder, gradient: int, value: _Sum, outside: list[int]) -> int:
    """gradient times the value, as one number; adds where that is too small for what is lost to be a number."""
    careful = b("fma", gradient, value.high, b("mul", gradient, value.low))
    product = b("mul", gradient, _rounded(b, value))
    small = b("lt", b("abs", product), number(b, _LEAST))
    outside.append(b("and", small, b("ne", gradient, number(b, 0.0))))
    return b("select", b("special", gradient), product, careful)  # what has no digits needs no care


def _stopped(b: Builder, value: int, side: int, at: float) -> int:
    return b("min" if side > 0 else "max", value, number(b, side * at))


def _pair(b: Builder, value: _Sum) -> _Sum:
    """The same without a scale."""
    if value.scale is None:
        return value
    high = b("mul", value.scale, value.high)
    lost = b("fms", value.scale, value.high, high)
    if value.lost is not None:
        lost = b("fma", value.lost, value.high, lost)
    return _Sum(high, b("fma", value.scale, value.low, lost))
