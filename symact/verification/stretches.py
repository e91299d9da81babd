"""Taylor expansions of a definition on stretches of a format's numbers, with everything enclosed in balls.

A stretch is a range of bit patterns of one sign, no longer than a binade. A definition is expanded as it stands, or
where that has growing exponentials, which no enclosure of a long stretch survives, in an equal form with decaying ones
(`symact.kernel.rewrite`). That such a form is equal is the work of SymPy: whoever makes polynomials of an expansion
holds them against the oracle, which knows the definition only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np
from flint import arb, ctx
from sympy import Expr, Symbol, erfc, exp, log
from sympy.codegen.cfunctions import expm1, log1p

from symact.kernel.rewrite import bell, erfcx, forms, gauss
from symact.oracle.arb import ArbFunction
from symact.oracle.formats import Format
from symact.oracle.oracle import Oracle
from symact.verification.series import coefficients

T = TypeVar("T")

#: Makes something of an expansion that was computed with a precision in bits, or None.
Make = Callable[["Expansion", int], T | None]

#: Scales are no larger power of two, so that they are doubles for the smallest stretches too.
_LARGEST_SCALE = 1000

_BASIC = {
    log1p: lambda u: log(1 + u),
    expm1: lambda u: exp(u) - 1,
    erfcx: lambda u: exp(u**2) * erfc(u),
    gauss: lambda u: exp(-(u**2) / 2),
    bell: lambda u: exp(-(u**2)),
}


@dataclass(frozen=True)
class Region:
    """A smooth part of a half line.

    Attributes:
        functions: the ways to write the function there, in the distance from 0; the definition comes first.
        first, last: bit patterns of the smallest and the largest magnitude inside.
    """

    functions: tuple[ArbFunction, ...]
    first: int
    last: int

    def binades(self, format: Format) -> Iterator[tuple[int, int]]:
        """The first and the last magnitude of what the region has in common with each binade."""
        size = 1 << (format.precision - 1)
        low = self.first
        while low <= self.last:
            high = min(low | (size - 1), self.last)
            yield low, high
            low = high + 1


@dataclass(frozen=True)
class Expansion:
    """``sum(coefficients[k]*u**k)`` within ``rest`` of a function, where u = (x - centre)*scale.

    Attributes:
        centre, scale: doubles; on the stretch x - centre is exact in doubles, and scale is a power of two.
        reach: the largest abs(u) on the stretch, at most 1.
        coefficients: finite balls.
        rest: a bound of the remainder.
    """

    centre: float
    scale: float
    reach: float
    coefficients: tuple[arb, ...]
    rest: arb

    @property
    def bits(self) -> int:
        """How many bits of the value in the middle are known: too few where the precision did not suffice."""
        return int(self.coefficients[0].rel_accuracy_bits())


def regions(oracle: Oracle, side: int, format: Format) -> tuple[list[Region], list[int]]:
    """The smooth parts of a half line, and the magnitudes that belong to none.

    Args:
        oracle: the function.
        side: 1 for the positive numbers, -1 for the negative ones.
        format: whose numbers they are.

    Returns:
        The regions from 0 outwards, and the bit patterns (without the sign) of 0, infinity, and the numbers at and
        beside points between the definition's pieces.
    """
    branches = oracle.branches
    t = Symbol("t", positive=True)
    top = int(format.ordinals(np.array([format.max]))[0])
    found, single = [], [0, top + 1]
    lower = 0
    cuts = [Fraction(cut) * side for cut in oracle.breakpoints]
    for piece in branches.pieces[::side]:
        far = piece.upper if side > 0 else -piece.lower
        number = branches.pieces.index(piece) - (side < 0)
        end = cuts[number] if 0 <= number < len(cuts) else None
        if end is not None and end <= 0:
            continue
        assert end is not None or far.is_infinite
        last = top if end is None else int(format.ordinals(np.array([format.nearest(end)]))[0])
        inside = last
        if end is not None:
            # The numbers at and beside a cut are for the oracle: the cut need not be a number of the format.
            single += range(max(last - 1, 1), last + 2)
            inside = min(last - 2, top)
        functions = _functions(piece.expression.subs(branches.x, side * t), t)
        found.append(Region(functions, lower + 1, inside))
        lower = last + 1
    return found, single


def _functions(expression: Expr, t: Symbol) -> tuple[ArbFunction, ...]:
    """The ways to write the function in t > 0, the definition first, those that are written the same once."""
    found: dict[Expr, ArbFunction] = {}
    for form in forms(expression, t):
        plain = form.plain
        for function, basic in _BASIC.items():
            plain = plain.replace(function, basic)
        if plain not in found:
            found[plain] = ArbFunction(plain, t)
    return tuple(found.values())


def expansion(function: ArbFunction, first: float, last: float, terms: int, precision: int) -> Expansion | None:
    """Taylor's polynomial in the middle of a stretch, with Lagrange's remainder; None where no enclosure is finite.

    Args:
        function: a function of the distance from 0.
        first, last: positive numbers of one binade.
        terms: how many coefficients; the next one, enclosed over the whole stretch, bounds the remainder.
        precision: in bits.

    Raises:
        UnknownSeriesError: the function has no power series here.
    """
    centre = first + (last - first) / 2
    radius = max(last - centre, centre - first)  # exact: the numbers are within a factor of two
    scale = float(np.ldexp(1.0, min(-int(np.frexp(radius)[1]), _LARGEST_SCALE))) if radius else 1.0
    with ctx.workprec(precision):
        if radius:
            wide = coefficients(function.at, arb(centre, radius), terms + 1, precision)[terms]
            rest = arb(wide.abs_upper()) * arb(radius) ** terms
            if not rest.is_finite():
                return None
            exact = coefficients(function.at, arb(centre), terms, precision)
        else:
            exact, rest = [*function.at([arb(centre)], precision), *[arb(0)] * (terms - 1)], arb(0)
        scaled = tuple(c / arb(scale) ** k for k, c in enumerate(exact))
    if not all(c.is_finite() for c in scaled):
        return None
    return Expansion(centre, scale, radius * scale, scaled, rest)


class Ways:
    """The ways to write a function in a region; the one that served last is tried first, for neighbours are alike.

    Args:
        functions: the ways.
        precisions: in bits; a larger one is tried where a smaller one leaves too little of the value.
        enough: of how many known bits of a value a larger precision would not help.
    """

    def __init__(self, functions: Sequence[ArbFunction], precisions: Sequence[int], enough: int) -> None:
        self.functions = list(functions)
        self.precision = precisions[0]
        self._precisions, self._enough = precisions, enough

    def first(self, ends: tuple[float, float], terms: int, make: Make[T]) -> T | None:
        """What is made of the expansion in the way that served last, or None; the arguments are those of `any`."""
        taylor = expansion(self.functions[0], *ends, terms, self.precision)
        return None if taylor is None else make(taylor, self.precision)

    def any(self, ends: tuple[float, float], terms: int, make: Make[T]) -> T | None:
        """What is made of the expansion in some way, or None where no way serves.

        Args:
            ends: of the stretch.
            terms: of the expansion.
            make: makes something of an expansion that was computed with a precision, or None if that is too coarse.
        """
        left = list(self.functions)
        for precision in self._precisions:
            imprecise = []
            for function in left:
                taylor = expansion(function, *ends, terms, precision)
                if taylor is None:
                    continue
                made = make(taylor, precision)
                if made is not None:
                    self.functions.remove(function)
                    self.functions.insert(0, function)
                    self.precision = precision
                    return made
                if taylor.bits < self._enough:
                    imprecise.append(function)
            left = imprecise
        return None


def below(
    functions: Sequence[ArbFunction], ends: tuple[float, float], limit: arb, precisions: Sequence[int]
) -> arb | None:
    """A bound of the function's size on a stretch, if one below `limit` is found with one of the precisions in bits."""
    first, last = ends
    centre = first + (last - first) / 2
    stretch = arb(centre, max(last - centre, centre - first))
    for precision in precisions:
        for function in functions:
            (value,) = function.at([stretch], precision)
            size = value.abs_upper()
            if value.is_finite() and size < limit:
                return size
    return None
