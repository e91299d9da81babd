"""Which entry of a table a number belongs to: 32 intervals, told apart by the last five bits of a key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from symact.kernel.program import Builder

#: Entries of a table.
SIZE = 32

#: A number up to 2^22 added to this is rounded to a whole number, which stands in the last bits of the sum.
WHOLE = 1.5 * 2**23


class Interval(NamedTuple):
    """The numbers that belong to one entry, and where in the table it stands."""

    place: int
    low: float
    high: float


class Grid(Protocol):
    """A division of the line into intervals."""

    def intervals(self) -> Iterator[Interval]:
        """The intervals, one for each entry, from left to right."""

    def key(self, b: Builder, u: int) -> int:
        """The step whose last five bits are the place of u's entry."""


@dataclass(frozen=True)
class Uniform:
    """Intervals of one width, the middle of one of them being `shift`.

    Attributes:
        inverse: 1/width, a float32 number.
        first: the leftmost interval's middle is shift + first/inverse.
        shift: a float32 number; a step more if it is not 0.
    """

    inverse: float
    first: int
    shift: float = 0.0

    def intervals(self) -> Iterator[Interval]:
        """See `Grid`."""
        for k in range(self.first, self.first + SIZE):
            yield Interval(k % SIZE, self.shift + (k - 0.5) / self.inverse, self.shift + (k + 0.5) / self.inverse)

    def key(self, b: Builder, u: int) -> int:
        """See `Grid`."""
        if self.shift:
            u = b("sub", u, number(b, self.shift))
        return b("fma", u, number(b, self.inverse), number(b, WHOLE))


@dataclass(frozen=True)
class Quarters:
    """Quarters of the octaves of u + offset for u >= 0: the relative distance from -offset is the same in all octaves.

    Attributes:
        offset: a power of two.
    """

    offset: float

    def intervals(self) -> Iterator[Interval]:
        """See `Grid`."""
        exponent = int(self.offset).bit_length() - 1 if self.offset >= 1 else 1 - int(1 / self.offset).bit_length()
        for k in range(SIZE):
            octave, quarter = divmod(k, 4)
            start = 2.0 ** (exponent + octave)
            low, high = (start * (1 + part / 4) - self.offset for part in (quarter, quarter + 1))
            yield Interval((4 * (127 + exponent) + k) % SIZE, low, high)

    def key(self, b: Builder, u: int) -> int:
        """See `Grid`."""
        return b("quarter", b("add", u, number(b, self.offset)))


@dataclass(frozen=True)
class Sides:
    """Intervals of one width on either side of 0, where no interval goes across; half as wide beside it.

    Attributes:
        inverse: 1/width, a float32 number.
        right: how many there are on the right.
    """

    inverse: float
    right: int

    def intervals(self) -> Iterator[Interval]:
        """See `Grid`."""
        for k in range(self.right - SIZE, self.right):
            count = k if k >= 0 else -1 - k
            low, high = max(0.0, (count - 0.5) / self.inverse), (count + 0.5) / self.inverse
            yield Interval(k % SIZE, *((low, high) if k >= 0 else (-high, -low)))

    def key(self, b: Builder, u: int) -> int:
        """See `Grid`."""
        return b("mirrored", b("fma", b("abs", u), number(b, self.inverse), number(b, WHOLE)), u)


def number(b: Builder, value: float) -> int:
    """A constant, exact."""
    return b.const(text(value))


def text(value: float) -> str:
    """A float32 number as the shortest decimal that `fractions.Fraction` reads and that rounds to it."""
    import numpy as np

    return str(np.float32(value)).removesuffix(".0")
