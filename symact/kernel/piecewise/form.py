"""How the function of a pass is made from a table, and the program that says so: one value, rounded as it comes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from symact.kernel.piecewise.ends import Beyond, Constant, End, Gate, Line, Tail
from symact.kernel.piecewise.fit import Entry
from symact.kernel.piecewise.grid import WHOLE, Grid, number, text
from symact.kernel.program import Builder
from symact.oracle.formats import Float64s


class Written(NamedTuple):
    """Steps of a program: the result, and whether x is beyond the table (None: never)."""

    result: int
    outside: int | None


@dataclass(frozen=True)
class Form(ABC):
    """A way to a function from a table, which is one of x or of |x|.

    Attributes:
        half: the second.
        factor: the function is x (or |x|) times something.
        ends: (side, end), where the table ends and what comes then: side 1 for the right; for |x| only that.
        grid: its intervals.
        degree: of its polynomials.
        root: where the table changes its sign, inside an interval.
    """

    half: bool
    factor: bool
    ends: tuple[tuple[int, End], ...]
    grid: Grid
    degree: int
    root: float | None

    @property
    @abstractmethod
    def about(self) -> str:
        """One line for the record."""

    @abstractmethod
    def write(self, entries: Sequence[Entry], b: Builder, x: int, gradient: int | None = None) -> Written:
        """The steps that compute f(x), or gradient*f(x).

        Args:
            entries: those of the table, in their places.
            b: where the steps go.
            x: the step of the argument.
            gradient: the step of the factor, if there shall be one.
        """

    @abstractmethod
    def whole(self, u: Float64s, table: Float64s) -> Iterator[tuple[Float64s, Float64s]]:
        """Numbers x whose place in the table is u, and f(x), from the table's function there."""

    def described_ends(self) -> str:
        """The ends in words."""
        return ", ".join(f"{type(end).__name__.lower()} from {side * end.at:.6g}" for side, end in self.ends)


@dataclass(frozen=True)
class Plain(Form):
    """f(x), or f(x)/x, is the table.

    Attributes:
        paired: what the table's value loses in rounding is multiplied with x too.
    """

    paired: bool

    @property
    def about(self) -> str:
        """See `Form`."""
        table = f"{'x*' if self.factor else ''}table({'|x|' if self.half else 'x'})"
        paired = " in pairs" if self.paired else ""
        return f"{table}{paired}, degree {self.degree}, {type(self.grid).__name__.lower()}, {self.described_ends()}"

    def write(self, entries: Sequence[Entry], b: Builder, x: int, gradient: int | None = None) -> Written:
        """See `Form`."""
        return _write(self, entries, b, x, gradient)

    def whole(self, u: Float64s, table: Float64s) -> Iterator[tuple[Float64s, Float64s]]:
        """See `Form`."""
        yield u, table * u if self.factor else table


def _write(form: Plain, entries: Sequence[Entry], b: Builder, x: int, gradient: int | None) -> Written:
    argument = _argument(form, b, x)
    # At 0 the small term shall not have the other sign; where it would, h is the centre less u.
    opposed = any(entry.centre == 0 and entry.coefficients[0] * entry.coefficients[1] < 0 for entry in entries)
    sign = -1.0 if opposed else 1.0
    key = form.grid.key(b, argument.u)

    def looked_up(column: Sequence[float]) -> int:
        return b("entry", b.table([text(value) for value in column]), key)

    centre = looked_up([entry.centre for entry in entries])
    columns = zip(*(_signed(entry.coefficients, sign) for entry in entries), strict=True)
    constant, *rest, slope = (looked_up(column) for column in columns)
    h = b("sub", argument.u, centre) if sign > 0 else b("sub", centre, argument.u)
    if argument.low is not None:
        steps, low = argument.low
        h = b("fma", steps, number(b, sign * low), h)
    for coefficient in reversed(rest):
        slope = b("fma", slope, h, coefficient)
    if form.factor and not form.paired:
        small = b("mul", argument.inside, b("mul", h, slope))
        result = b("fma", argument.factor, constant, small)
    else:
        most = result = b("fma", slope, h, constant)
        if any(entry.lead for entry in entries):
            lead = looked_up([sign * entry.lead for entry in entries])
            result = b("fma", lead, h, most)
            if gradient is not None:
                most = b("fma", lead, b("mul", h, number(b, -1.0)), result)
        if form.factor or gradient is not None:
            lost = b("fma", slope, h, b("sub", constant, most))
        if form.factor:
            result = b("fma", argument.factor, result, b("mul", argument.inside, lost))
        elif gradient is not None:
            careful = b("fma", gradient, result, b("mul", gradient, lost))

    def halved(value: int) -> int:
        return value if argument.steps is None else b("scale", value, argument.steps)

    result = halved(result)
    if gradient is not None and not form.factor:  # what has no digits needs no care
        result = b("select", b("special", gradient), b("mul", gradient, result), halved(careful))
    for _, end in form.ends:
        if isinstance(end, Line):
            result = b("select", b("lt", number(b, end.at), x), x, result)
    if form.factor and gradient is not None:
        result = b("mul", gradient, result)
    return Written(result, argument.outside)


def _signed(coefficients: Sequence[float], sign: float) -> list[float]:
    """Those of the polynomial of sign*h."""
    return [coefficient * sign**k for k, coefficient in enumerate(coefficients)]


class _Argument(NamedTuple):
    """What becomes of x.

    Attributes:
        factor: x as far as it counts.
        inside: the same as far as the table goes, finite.
        u: the argument of the table.
        low: a step, and the number whose product with it u lacks.
        steps: minus the number of halvings.
        outside: whether x is beyond the table.
    """

    factor: int
    inside: int
    u: int
    low: tuple[int, float] | None
    steps: int | None
    outside: int | None


def _argument(form: Plain, b: Builder, x: int) -> _Argument:
    def stopped(value: int, side: int, at: float) -> int:
        return b("min" if side > 0 else "max", value, number(b, side * at))

    factor = u = b("abs", x) if form.half and not form.factor else x
    for side, end in form.ends:
        at = end.at if isinstance(end, Constant) else end.far if isinstance(end, Tail) else None
        if at is not None:
            factor = stopped(factor, side, at)
            if form.half and form.factor:
                factor = stopped(factor, -side, at)
    u = b("abs", factor) if form.half and form.factor else factor
    outside = low = steps = None
    for side, end in form.ends:
        if isinstance(end, Gate | Line):
            u = stopped(u, side, end.at)
        elif isinstance(end, Beyond):
            limit = number(b, side * end.at)
            here = b("lt", limit, u) if side > 0 else b("lt", u, limit)
            outside = here if outside is None else b("or", outside, here)
    inside = factor if form.half else u
    for side, end in form.ends:
        if isinstance(end, Tail):
            whole = number(b, WHOLE)
            counted = b("fma", u, number(b, side * end.inverse), number(b, WHOLE - end.steps))
            steps = b("sub", whole, b("max", counted, whole))
            u = b("fma", steps, number(b, side * end.period[0]), u)
            low = (steps, side * end.period[1])
    return _Argument(factor, inside, u, low, steps, outside)
