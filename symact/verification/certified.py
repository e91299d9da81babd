"""A function as polynomials with a proved error, fast enough for every float32 there is.

The magnitudes of float32 are cut into stretches. On each the function is a Taylor polynomial whose coefficients and
whose remainder (Lagrange's, with the last coefficient enclosed over the whole stretch) come from Arb. So nothing that
computes here is shared with the kernels: no C library, no elementary function in floating point. What a double loses
when it evaluates the polynomial is part of the bound.

Every polynomial is held against the oracle at both ends of its stretch; see `symact.verification.stretches` for why.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from symact.errors import Error
from symact.oracle.formats import FORMATS, Float64s
from symact.oracle.oracle import Oracle
from symact.oracle.rounding import Balls
from symact.verification.series import UnknownSeriesError
from symact.verification.stretches import Expansion, Region, Ways, below, regions

FLOAT32 = FORMATS["float32"]

#: The bound of every polynomial, in ULP of float32: what the reported errors may be too large by.
TOLERANCE = 2.0**-14

#: Terms of a polynomial.
TERMS = 8

#: Exponents down to which values keep all digits: those of float32 as it is, or so many that a product with any
#: float32 keeps them too (the backward pass multiplies what it has not rounded).
NORMAL, PRODUCTS = FLOAT32.emin, -300

#: More stretches than this are not made; a function that needs them is measured on a sample.
MOST = 10_000

#: More inputs than this are not left to the oracle.
_SINGLE_INPUTS = 20_000

#: Bits of an attempt, and of how many of a value's bits more of them would not help; the second attempt is for what
#: cancels, next to 0 or in a tail.
_PRECISIONS, _ENOUGH = (128, 640), 60

#: A line of the table; `exhaustive.c` has it as a struct.
PIECE = np.dtype(
    [
        ("first", np.uint32),
        ("last", np.uint32),
        ("centre", np.float64),
        ("scale", np.float64),
        ("terms", np.float64, (TERMS,)),
        ("bound", np.float64),
        ("zero", np.float64),
    ],
    align=True,
)

Line = tuple[object, ...]


class UncertifiedError(Error):
    """No polynomials with a proved bound were found for a function; the message says why."""


class Table:
    """The polynomials of one function for the positive and for the negative float32 numbers.

    Args:
        oracle: the function.
        floor: the exponent below which values are only known to that spacing, `NORMAL` or `PRODUCTS`.

    Attributes:
        pieces: for side 1 and -1, an array of `PIECE` in the order of magnitudes: on magnitudes with the bit patterns
            `first` to `last` the value is within `bound` of ``sum(terms[k]*u**k)``, u = (x - centre)*scale. Where the
            value rounds to zero, `zero` is that zero's sign and the polynomial is 0; else `zero` is 0.
        single: the bit patterns that no polynomial covers (zeros, infinities, points between the definition's pieces).

    Raises:
        UncertifiedError: no polynomials were found, and why.
    """

    def __init__(self, oracle: Oracle, floor: int = NORMAL) -> None:
        self.oracle, self.floor = oracle, floor
        self.single: list[int] = []
        try:
            self.pieces = {side: self._side(side) for side in (1, -1)}
        except UnknownSeriesError as error:
            raise UncertifiedError(str(error)) from None
        self._held_against_the_oracle()

    def _side(self, side: int) -> NDArray[np.void]:
        sign = 0x80000000 if side < 0 else 0
        parts, single = regions(self.oracle, side, FLOAT32)
        self.single += [sign | bits for bits in single]
        found: list[Line] = []
        for region in parts:
            ways = Ways(region.functions, _PRECISIONS, _ENOUGH)
            stack = list(region.binades(FLOAT32))[::-1]
            while stack:
                low, high = stack.pop()
                line = self._polynomial(ways, side, low, high) or self._vanishing(region, side, low, high)
                if line is not None:
                    found.append(line)
                elif low == high:
                    self.single.append(sign | low)
                else:
                    middle = (low + high) // 2
                    stack += [(middle + 1, high), (low, middle)]
                if len(found) + len(stack) > MOST or len(self.single) > _SINGLE_INPUTS:
                    raise UncertifiedError("it would take too many polynomials")
        return np.array(found, PIECE)

    def _polynomial(self, ways: Ways, side: int, low: int, high: int) -> Line | None:
        """The line for a stretch from the first form for which the bound is small enough; None where none is."""
        return ways.any(
            _ends(low, high),
            TERMS,
            lambda taylor, precision: _line(taylor, side, (low, high), precision, self.floor),
        )

    def _vanishing(self, region: Region, side: int, low: int, high: int) -> Line | None:
        """The line for a stretch on which the value certainly rounds to a zero of one sign.

        The sign is the oracle's at both ends.
        """
        nothing = 2.0 ** (self.floor - FLOAT32.precision) * TOLERANCE
        size = below(region.functions, _ends(low, high), arb(nothing), _PRECISIONS)
        if size is None:
            return None
        ends = side * FLOAT32.from_ordinals(np.array([low, high]))
        first, last = np.copysign(1.0, self.oracle.reference(ends, FLOAT32).rounded)
        bound = 0.0 if size.is_zero() else nothing
        return (low, high, 0.0, 1.0, (0.0,) * TERMS, bound, first) if first == last else None

    def _held_against_the_oracle(self) -> None:
        """Raises where a polynomial and the oracle differ by more than the bound: then one of them is wrong."""
        for side, pieces in self.pieces.items():
            x = side * FLOAT32.from_ordinals(np.concatenate([pieces["first"], pieces["last"]]).astype(np.int64))
            lines = np.concatenate([pieces, pieces])
            reference = self.oracle.reference(x, FLOAT32)
            error = reference.errors(np.where(lines["zero"] != 0, np.copysign(0.0, lines["zero"]), values(lines, x)))
            overflows = np.isinf(reference.rounded)
            wrong = ~(error <= 2.0**-9) & ~overflows  # the oracle knows errors to 2**-10
            if wrong.any():
                raise UncertifiedError(f"polynomials and oracle differ at {x[wrong][0]!r}")

    def size(self) -> int:
        """How many polynomials there are."""
        return sum(map(len, self.pieces.values()))

    def enclosures(self, x: Float64s) -> tuple[Balls, Float64s]:
        """Balls that contain the exact values, and the sign of the zero to which they round (0 where they do not).

        Args:
            x: float32 numbers as float64, shape (n,).

        Returns:
            Balls that are not finite where no polynomial is (see `single`), and at NaN.
        """
        high, radius, zero = np.full(len(x), np.nan), np.zeros(len(x)), np.zeros(len(x))
        with np.errstate(invalid="ignore"):
            magnitudes = FLOAT32.ordinals(np.abs(x))
        for side, pieces in self.pieces.items():
            (index,) = np.nonzero(np.signbit(x) == (side < 0))
            line = np.searchsorted(pieces["last"], magnitudes[index]).clip(max=len(pieces) - 1)
            covered = (pieces["first"][line] <= magnitudes[index]) & (magnitudes[index] <= pieces["last"][line])
            index, line = index[covered], line[covered]
            high[index] = _values(pieces, line, x[index])
            radius[index] = pieces["bound"][line]
            zero[index] = pieces["zero"][line]
        fraction, exponent = np.frexp(high)
        balls = Balls(fraction, np.zeros(len(x)), np.ldexp(radius, -exponent), exponent.astype(np.int64))
        return balls, zero


def values(lines: NDArray[np.void], x: Float64s) -> Float64s:
    """The polynomial of each line at the input beside it."""
    return _values(lines, np.arange(len(lines)), x)


def _values(pieces: NDArray[np.void], line: NDArray[np.intp], x: Float64s) -> Float64s:
    """The polynomials of the lines with these numbers, each at its input."""
    u = (x - pieces["centre"][line]) * pieces["scale"][line]
    terms = pieces["terms"]
    result = np.zeros(len(x))
    for k in reversed(range(TERMS)):
        result = result * u + terms[line, k]
    return result


def _ends(low: int, high: int) -> tuple[float, float]:
    first, last = FLOAT32.from_ordinals(np.array([low, high]))
    return float(first), float(last)


def _line(taylor: Expansion, side: int, stretch: tuple[int, int], precision: int, floor: int) -> Line | None:
    """An expansion as a double evaluates it, with the bound of all its errors; None where that is too large."""
    centre = taylor.centre
    with ctx.workprec(precision):
        terms = [float(c.mid()) for c in taylor.coefficients]
        if not np.isfinite(terms).all():
            return None
        off = sum(((c - term).abs_upper() for c, term in zip(taylor.coefficients, terms, strict=True)), arb(0))
        bound = float((taylor.rest + off).abs_upper())
    size = sum(map(abs, terms))
    # Horner's rule: two roundings a term, relative to the sum of the sizes, and as many again for the checker's own
    # sums; subnormal doubles are far below every float32.
    exact = bound == 0 and _is_exact(terms)
    total = 0.0 if exact else bound * (1 + 2.0**-40) + 4 * TERMS * 2.0**-53 * size + 2.0**-1000
    # The smallest size on the stretch decides the spacing; where it may be 0, the sign is open.
    smallest = (abs(terms[0]) - sum(map(abs, terms[1:]))) * (1 - 2.0**-40) - total
    if not smallest > 0:
        return None
    quantum = max(int(np.frexp(smallest)[1]) - 1, floor) - FLOAT32.precision + 1
    if not total <= TOLERANCE * 2.0**quantum:
        return None
    if side < 0:  # x - centre has to be the same double, with the other sign
        centre, terms = -centre, [term if k % 2 == 0 else -term for k, term in enumerate(terms)]
    return (*stretch, centre, taylor.scale, tuple(terms), total, 0.0)


def _is_exact(terms: Sequence[float]) -> bool:
    """Whether a double evaluates the polynomial without rounding: a line whose numbers have few digits.

    u is a multiple of 2**-25, for float32 numbers in a stretch and its centre have at most 25 bits after the first.
    """
    if any(terms[2:]):
        return False
    constant, slope = Fraction(terms[0]), Fraction(terms[1])
    units = [unit for unit in (_lowest_bit(constant), _lowest_bit(slope) / 2**25) if unit]
    return not units or (abs(constant) + abs(slope)) / min(units) <= 2**53


def _lowest_bit(value: Fraction) -> Fraction:
    return Fraction(value.numerator & -value.numerator, value.denominator)
