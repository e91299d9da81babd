"""The binary floating-point formats, exactly: their limits, their spacing, rounding to them, and their bit patterns.

Every value of every format here is also a float64, so float64 arrays carry them wherever a dtype does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.errors import Error

Float64s = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Format:
    """A binary interchange format.

    Attributes:
        name: "float16", "bfloat16", "float32" or "float64".
        width: bits in all.
        precision: bits of the significand, the hidden one included.
        emax: exponent of the largest binade; ``emin = 1 - emax`` is that of the smallest normal one.
    """

    name: str
    width: int
    precision: int
    emax: int

    @property
    def emin(self) -> int:
        """Exponent of the smallest normal number."""
        return 1 - self.emax

    @property
    def quantum(self) -> int:
        """Exponent of the smallest subnormal number, the finest spacing there is."""
        return self.emin - self.precision + 1

    @property
    def smallest_subnormal(self) -> float:
        """The smallest positive number."""
        return float(np.ldexp(1.0, self.quantum))

    @property
    def smallest_normal(self) -> float:
        """The smallest positive number with full precision."""
        return float(np.ldexp(1.0, self.emin))

    @property
    def max(self) -> float:
        """The largest finite number."""
        return float(np.ldexp(2.0 - np.ldexp(1.0, 1 - self.precision), self.emax))

    @cached_property
    def bits(self) -> np.dtype[Any]:
        """The unsigned integer dtype of the bit patterns."""
        return np.dtype(f"uint{self.width}")

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype; bfloat16 is that of ml_dtypes, or its bit patterns in uint16 where that is not installed."""
        if self.name != "bfloat16":
            return np.dtype(self.name)
        try:
            from ml_dtypes import bfloat16
        except ImportError:
            return self.bits
        found: np.dtype[Any] = np.dtype(bfloat16)
        return found

    def ulp(self, exact: Fraction | float) -> Fraction:
        """The spacing of the format in the binade of an exact finite number, the subnormal spacing below it."""
        exact = abs(Fraction(exact))
        if exact == 0:
            return Fraction(2) ** self.quantum
        exponent = exact.numerator.bit_length() - exact.denominator.bit_length()
        if exact < Fraction(2) ** exponent:
            exponent -= 1
        return Fraction(2) ** (max(exponent, self.emin) - self.precision + 1)

    def nearest(self, exact: Fraction) -> float:
        """An exact number rounded to the format, ties to even, overflow to infinity; zero is +0."""
        magnitude = abs(exact)
        ulp = self.ulp(magnitude)
        # A Fraction rounds to an integer half to even; dividing by a power of two is exact.
        return self._float(exact < 0, round(magnitude / ulp), ulp.numerator.bit_length() - ulp.denominator.bit_length())

    def nearest_dyadic(self, mantissa: int, exponent: int) -> float:
        """``mantissa * 2**exponent`` rounded likewise; exponents may be of any size. Negative underflow gives -0."""
        negative, magnitude = mantissa < 0, abs(mantissa)
        if magnitude == 0:
            return 0.0
        top = magnitude.bit_length() + exponent - 1
        if top > self.emax:
            return -np.inf if negative else np.inf
        if top < self.quantum - 1:
            return -0.0 if negative else 0.0
        quantum = max(top, self.emin) - self.precision + 1
        shift = quantum - exponent
        if shift <= 0:
            return self._float(negative, magnitude << -shift, quantum)
        integer, rest = magnitude >> shift, magnitude & ((1 << shift) - 1)
        half = 1 << (shift - 1)
        integer += rest > half or (rest == half and integer & 1)
        return self._float(negative, integer, quantum)

    def _float(self, negative: bool, integer: int, quantum: int) -> float:
        value = float(np.ldexp(float(integer), quantum)) if integer.bit_length() + quantum <= 1024 else np.inf
        value = np.inf if value > self.max else value
        return -value if negative else value

    def encode(self, values: Float64s) -> NDArray[Any]:
        """A float64 array of numbers that the format has (NaN and infinities too), as an array of its dtype."""
        values = np.asarray(values, np.float64)
        if self.name != "bfloat16":
            with np.errstate(over="ignore", invalid="ignore"):
                return values.astype(self.dtype)
        with np.errstate(invalid="ignore"):
            return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(self.dtype)

    def decode(self, values: NDArray[Any]) -> Float64s:
        """An array of the format's dtype as float64, exactly.

        Raises:
            Error: the array has another dtype.
        """
        values = np.asarray(values)
        if values.dtype != self.dtype:
            raise Error(f"an array of {values.dtype} was given where {self.name} is expected")
        if self.name == "bfloat16":
            values = (np.ascontiguousarray(values).view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        with np.errstate(invalid="ignore"):  # a signalling NaN
            return values.astype(np.float64)

    def ordinals(self, values: Float64s) -> Integers:
        """Numbers of the format as integers in the same order, neighbours one apart; both zeros are 0."""
        bits = self.encode(values).view(self.bits).astype(np.uint64)
        magnitude = (bits & np.uint64((1 << (self.width - 1)) - 1)).astype(np.int64)
        return np.where(np.signbit(values), -magnitude, magnitude)

    def from_ordinals(self, ordinals: Integers) -> Float64s:
        """The inverse of `ordinals`; 0 gives +0, and integers beyond the infinities give NaN."""
        ordinals = np.asarray(ordinals, np.int64)
        magnitude = np.abs(ordinals).astype(np.uint64).astype(self.bits)
        return np.copysign(self.decode(magnitude.view(self.dtype)), np.where(ordinals < 0, -1.0, 1.0))

    def neighbours(self, points: Iterable[float], steps: int) -> Float64s:
        """The points, each rounded to the format, and the `steps` numbers before and after each of them, sorted."""
        centres = [self.nearest(Fraction(point)) for point in points]
        span = np.arange(-steps, steps + 1)
        top = self.ordinals(np.array([self.max]))[0]
        found = (self.ordinals(np.array(centres, np.float64))[:, None] + span).ravel()
        return self.from_ordinals(np.unique(found[np.abs(found) <= top]))

    def random(self, count: int, generator: np.random.Generator) -> Float64s:
        """Finite numbers, every bit pattern equally likely."""
        top = int(self.ordinals(np.array([self.max]))[0])
        return self.from_ordinals(generator.integers(-top, top + 1, count))

    def every(self) -> Float64s:
        """Every bit pattern of a 16-bit format, NaNs included, as float64.

        Raises:
            Error: the format is wider.
        """
        if self.width > 16:
            raise Error(f"{self.name} has too many numbers to list", "only 16-bit formats are listed whole")
        return self.decode(np.arange(1 << self.width, dtype=np.uint32).astype(self.bits).view(self.dtype))


#: The formats by name.
FORMATS: dict[str, Format] = {
    format.name: format
    for format in (
        Format("float16", 16, 11, 15),
        Format("bfloat16", 16, 8, 127),
        Format("float32", 32, 24, 127),
        Format("float64", 64, 53, 1023),
    )
}


def get(format: Format | str) -> Format:
    """The format of that name; a format is returned as it is.

    Raises:
        Error: no such format.
    """
    if isinstance(format, Format):
        return format
    if format not in FORMATS:
        raise Error(f"there is no format called '{format}'", f"use one of {', '.join(FORMATS)}")
    return FORMATS[format]
