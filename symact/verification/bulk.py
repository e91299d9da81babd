"""The oracle's answers for many inputs at once: from polynomials with a proved error, and from itself where these end.

An answer does not depend on the way it came: where the polynomials' bound leaves open what a value rounds to, the
oracle decides. Errors measured against either are right to 2**-11 of the format's spacing.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from symact.oracle.formats import Float64s, Format, get
from symact.oracle.oracle import Oracle, Reference, as_float64
from symact.oracle.rounding import Balls, rounded
from symact.verification.certified import NORMAL, PRODUCTS, Table, UncertifiedError
from symact.verification.double_double import times
from symact.verification.fine import FineTable

#: For fewer inputs no polynomials are made.
FEW = 1 << 14

#: A bound of what a product of a pair and a double loses, relative to it.
_PRODUCT = 2.0**-102


class Truth(Protocol):
    """What knows the exact values of a function: an `Oracle`, or a `Bulk` of one."""

    def reference(self, x: NDArray[Any], format: Format | str, factor: NDArray[Any] | None = None) -> Reference:
        """See `Oracle.reference`."""


class Bulk:
    """A function's exact values for many inputs.

    Args:
        oracle: the function.
        multiplied: whether products of its values are asked for, as the backward pass makes them of f'.
    """

    def __init__(self, oracle: Oracle, multiplied: bool = False) -> None:
        self.oracle = oracle
        self._floor = PRODUCTS if multiplied else NORMAL
        self._narrow: Table | None = None
        self._uncertified = False
        self._fine: FineTable | None = None

    def prepare(self, x: Float64s, format: Format | str) -> None:
        """Make polynomials for inputs that will be asked about, if they are many.

        Args:
            x: numbers of the format as float64, shape (n,).
            format: a `Format` or its name.
        """
        if len(x) < FEW:
            return
        if get(format).width == 64:
            if self._fine is None or not self._fine.made_for(x):
                self._fine = FineTable(self.oracle, x)
        elif self._narrow is None and not self._uncertified:
            try:
                self._narrow = Table(self.oracle, self._floor)
            except UncertifiedError:
                self._uncertified = True

    def reference(self, x: NDArray[Any], format: Format | str, factor: NDArray[Any] | None = None) -> Reference:
        """As `Oracle.reference`."""
        format = get(format)
        table = self._fine if format.width == 64 else self._narrow
        if table is None:
            return self.oracle.reference(x, format, factor)
        x = as_float64(x, format)
        balls, zero = table.enclosures(x)
        if factor is not None:
            factor = as_float64(factor, format)
            balls, zero = _product(balls, factor), zero * np.sign(factor)
        result, sure = rounded(balls, format)
        vanishes = np.abs(zero) == 1
        result[vanishes] = np.copysign(0.0, zero[vanishes])
        balls.high[vanishes] = balls.low[vanishes] = balls.radius[vanishes] = 0.0
        wide = balls.radius > 0
        (open_,) = np.nonzero(~(sure | vanishes))
        if len(open_):
            exact = self.oracle.reference(x[open_], format, None if factor is None else factor[open_])
            result[open_] = exact.rounded
            balls.put(open_, exact.balls)
            wide[open_] = False
        return Reference(format, result, balls, wide)


def _product(balls: Balls, factor: Float64s) -> Balls:
    """The balls times numbers; not finite where a factor is 0 or not finite."""
    with np.errstate(all="ignore"):
        mantissa, power = np.frexp(np.where(np.isfinite(factor) & (factor != 0), factor, np.nan))
        high, low = times((balls.high, balls.low), mantissa)
        high, shift = np.frexp(high)
        radius = np.ldexp(balls.radius * np.abs(mantissa), -shift) * (1 + 2.0**-50) + _PRODUCT
        return Balls(high, np.ldexp(low, -shift), radius, balls.exponent + power + shift)
