"""A function as polynomials with a proved error, fast enough for every float32 there is.

The magnitudes of float32 are cut into stretches. On each the function is a Taylor polynomial whose coefficients and
whose remainder (Lagrange's, with the last coefficient enclosed over the whole stretch) come from Arb. So nothing that
computes here is shared with the kernels: no C library, no elementary function in floating point. What a double loses
when it evaluates the polynomial is part of the bound.

A stretch is evaluated from the definition as it stands, or where that has growing exponentials, which no enclosure of
a long stretch survives, from an equal form with decaying ones (`symact.kernel.rewrite`). That such a form is equal is
the work of SymPy, so every polynomial is held against the oracle, which knows the definition only, at both ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray
from sympy import Expr, Symbol, erfc, exp, log
from sympy.codegen.cfunctions import expm1, log1p

from symact.errors import Error
from symact.kernel.rewrite import bell, erfcx, forms, gauss
from symact.oracle.arb import ArbFunction
from symact.oracle.formats import FORMATS
from symact.oracle.oracle import Oracle
from symact.verification.series import UnknownSeriesError, coefficients

FLOAT32 = FORMATS["float32"]

#: The bound of every polynomial, in ULP of float32: what the reported errors may be too large by.
TOLERANCE = 2.0**-14

#: Terms of a polynomial.
TERMS = 8

#: More stretches than this are not made; a function that needs them is measured on a sample.
MOST = 60_000

#: More inputs than this are not left to the oracle.
_SINGLE_INPUTS = 20_000

#: Bits of an attempt; the second is for what cancels next to 0.
_PRECISIONS = (128, 640)

#: Below this a result rounds to 0 by a wide margin (half of the smallest number is 2**-150).
_NOTHING = 2.0**-150 * TOLERANCE

#: What the first attempt takes at once: magnitudes with one exponent.
_BINADE = 1 << 23

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

_BASIC = {
    log1p: lambda u: log(1 + u),
    expm1: lambda u: exp(u) - 1,
    erfcx: lambda u: exp(u**2) * erfc(u),
    gauss: lambda u: exp(-(u**2) / 2),
    bell: lambda u: exp(-(u**2)),
}


class UncertifiedError(Error):
    """No polynomials with a proved bound were found for a function; the message says why."""


class Table:
    """The polynomials of one function for the positive and for the negative float32 numbers.

    Args:
        oracle: the function.

    Attributes:
        pieces: for side 1 and -1, an array of `PIECE` in the order of magnitudes: on magnitudes with the bit patterns
            `first` to `last` the value is within `bound` of ``sum(terms[k]*u**k)``, u = (x - centre)*scale. Where the
            value rounds to zero, `zero` is that zero's sign and the polynomial is 0; else `zero` is 0.
        single: the bit patterns that no polynomial covers (zeros, infinities, points between the definition's pieces).

    Raises:
        UncertifiedError: no polynomials were found, and why.
    """

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.single: list[int] = []
        try:
            self.pieces = {side: self._side(side) for side in (1, -1)}
        except UnknownSeriesError as error:
            raise UncertifiedError(str(error)) from None
        self._held_against_the_oracle()

    def _side(self, side: int) -> NDArray[np.void]:
        sign = 0x80000000 if side < 0 else 0
        self.single += [sign, sign | 0x7F800000]
        found: list[tuple[object, ...]] = []
        for functions, first, last in self._regions(side):
            stack = [(low, min(low | (_BINADE - 1), last)) for low in _starts(first, last)][::-1]
            while stack:
                low, high = stack.pop()
                piece = _polynomial(functions, side, low, high) or self._vanishing(functions, side, low, high)
                if piece is not None:
                    found.append(piece)
                elif low == high:
                    self.single.append(sign | low)
                else:
                    middle = (low + high) // 2
                    stack += [(middle + 1, high), (low, middle)]
                if len(found) + len(stack) > MOST or len(self.single) > _SINGLE_INPUTS:
                    raise UncertifiedError("it would take too many polynomials")
        return np.array(found, PIECE)

    def _regions(self, side: int) -> Iterator[tuple[list[ArbFunction], int, int]]:
        """The smooth parts of a half line: their forms, and the first and last magnitude inside."""
        branches = self.oracle.branches
        t = Symbol("t", positive=True)
        lower = 0
        cuts = [Fraction(cut) * side for cut in self.oracle.breakpoints]
        for piece in branches.pieces[::side]:
            far = piece.upper if side > 0 else -piece.lower
            number = branches.pieces.index(piece) - (side < 0)
            end = cuts[number] if 0 <= number < len(cuts) else None
            if end is not None and end <= 0:
                continue
            assert end is not None or far.is_infinite
            last = 0x7F7FFFFF if end is None else int(FLOAT32.ordinals(np.array([FLOAT32.nearest(end)]))[0])
            if end is not None:
                # The numbers at and beside a cut are for the oracle: the cut need not be a float.
                sign = 0x80000000 if side < 0 else 0
                self.single += [sign | bits for bits in range(max(last - 1, 1), last + 2)]
            expression = piece.expression.subs(branches.x, side * t)
            yield _functions(expression, t), lower + 1, min(last - 2, 0x7F7FFFFF) if end is not None else last
            lower = last + 1

    def _vanishing(self, functions: Sequence[ArbFunction], side: int, low: int, high: int) -> tuple[object, ...] | None:
        """The line for a stretch on which the value certainly rounds to a zero of one sign.

        The sign is the oracle's at both ends.
        """
        if not any(_below(function, low, high, _NOTHING) for function in functions):
            return None
        ends = side * FLOAT32.from_ordinals(np.array([low, high]))
        first, last = np.copysign(1.0, self.oracle.reference(ends, FLOAT32).rounded)
        return (low, high, 0.0, 1.0, (0.0,) * TERMS, _NOTHING, first) if first == last else None

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


def values(lines: NDArray[np.void], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The polynomial of each line at the input beside it."""
    u = (x - lines["centre"]) * lines["scale"]
    result = np.zeros(len(x))
    for k in reversed(range(TERMS)):
        result = result * u + lines["terms"][:, k]
    return result


def _starts(first: int, last: int) -> list[int]:
    """The first magnitude of each binade that first..last meets."""
    return sorted({first, *range((first // _BINADE + 1) * _BINADE, last + 1, _BINADE)}) if first <= last else []


def _functions(expression: Expr, t: Symbol) -> list[ArbFunction]:
    """The ways to write the function in t > 0, the definition first, those that are written the same once."""
    found: dict[Expr, ArbFunction] = {}
    for form in forms(expression, t):
        plain = form.expression.subs(form.where)
        for function, basic in _BASIC.items():
            plain = plain.replace(function, basic)
        if plain not in found:
            found[plain] = ArbFunction(plain, t)
    return list(found.values())


def _ends(low: int, high: int) -> tuple[float, float]:
    first, last = FLOAT32.from_ordinals(np.array([low, high]))
    return float(first), float(last)


def _below(function: ArbFunction, low: int, high: int, limit: float) -> bool:
    first, last = _ends(low, high)
    (value,) = function.at([arb((first + last) / 2, (last - first) / 2)], _PRECISIONS[1])
    return bool(value.is_finite() and value.abs_upper() < limit)


def _polynomial(functions: Sequence[ArbFunction], side: int, low: int, high: int) -> tuple[object, ...] | None:
    """The line for a stretch from the first form for which the bound is small enough; None where none is."""
    for precision in _PRECISIONS:
        for function in functions:
            found = _taylor(function, side, low, high, precision)
            if found is not None:
                return found
    return None


def _taylor(function: ArbFunction, side: int, low: int, high: int, precision: int) -> tuple[object, ...] | None:
    """Taylor's polynomial in the middle of a stretch, with the bound of its error as a double evaluates it."""
    first, last = _ends(low, high)
    centre, radius = (first + last) / 2, (last - first) / 2  # exact: both ends have 24 bits and are close together
    scale = 2.0 ** -np.frexp(radius)[1] if radius else 1.0
    with ctx.workprec(precision):
        exact = coefficients(function.at, arb(centre), TERMS, precision)
        if radius:
            wide = coefficients(function.at, arb(centre, radius), TERMS + 1, precision)[TERMS]
            rest = wide.abs_upper() * arb(radius) ** TERMS
        else:
            exact, rest = [exact[0], *[arb(0)] * (TERMS - 1)], arb(0)
        if not all(c.is_finite() for c in (*exact, rest)):
            return None
        scaled = [c / arb(scale) ** k for k, c in enumerate(exact)]
        terms = [float(c.mid()) for c in scaled]
        if not np.isfinite(terms).all():
            return None
        bound = rest + sum(((c - term).abs_upper() for c, term in zip(scaled, terms, strict=True)), arb(0))
        size = float(sum(map(abs, terms)))
        # Horner's rule: two roundings a term, relative to the sum of the sizes, and as many again for the checker's
        # own sums; subnormal doubles are far below every float32.
        total = float(bound.abs_upper()) * (1 + 2.0**-40) + 4 * TERMS * 2.0**-53 * size + 2.0**-1000
    # The smallest size on the stretch decides the spacing; where it may be 0, the sign is open.
    smallest = (abs(terms[0]) - float(np.sum(np.abs(terms[1:])))) * (1 - 2.0**-40) - total
    if not smallest > 0:
        return None
    quantum = max(int(np.frexp(smallest)[1]) - 1, FLOAT32.emin) - FLOAT32.precision + 1
    if not total <= TOLERANCE * 2.0**quantum:
        return None
    if side < 0:  # x - centre has to be the same double, with the other sign
        centre, terms = -centre, [term if k % 2 == 0 else -term for k, term in enumerate(terms)]
    return (low, high, centre, scale, tuple(terms), total, 0.0)
