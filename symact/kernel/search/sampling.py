"""The inputs on which the programs of a pass are compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Mul, Poly, PolynomialError, Rational, Symbol, factor

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.search.line import Line, Region
from symact.kernel.search.score import Sample, beside_roots, inputs
from symact.oracle import Oracle
from symact.oracle.formats import FORMATS
from symact.oracle.samples import around_thresholds
from symact.symbolic.forms import too_large

#: Products of x and a parameter are tried up to this part of the largest number against exact values; beyond, only for
#: NaN and early overflow.
_FAR = 2.0**-27


class Sampling:
    """Draws samples, each once.

    Args:
        line: the function.
        arithmetic: in which programs are evaluated.
        oracles: the exact values, for each setting of the parameters.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic, oracles: Sequence[Oracle]) -> None:
        self._line = line
        self._arithmetic = arithmetic
        self._oracles = oracles
        self._drawn: dict[tuple[int, float, float, tuple[float, ...]], list[Sample]] = {}

    def of(self, region: Region) -> list[Sample]:
        """Inputs in a region, exact roots among them, at every setting of the parameters."""
        lower, upper = self._line.bounds(region)
        roots = [root for root in _exact_roots(region.expression, self._line.t) if lower < root < upper]
        return self.between(region.side, lower, upper, roots)

    def between(self, side: int, lower: float, upper: float, roots: Sequence[float] = ()) -> list[Sample]:
        """Inputs on one side with exact roots, at every setting of the parameters."""
        key = (side, lower, upper, tuple(roots))
        if key not in self._drawn:
            self._drawn[key] = list(self._draw(side, lower, upper, roots))
        return self._drawn[key]

    def _draw(self, side: int, lower: float, upper: float, roots: Sequence[float]) -> Iterator[Sample]:
        format = FORMATS[self._arithmetic.result]
        dtype = np.dtype(self._arithmetic.result)
        far = _FAR * float(np.finfo(dtype).max)
        for index, (setting, oracle) in enumerate(zip(self._line.settings, self._oracles, strict=True)):
            points = np.union1d(inputs(lower, upper, dtype, seed=index), np.array(roots, dtype))
            if index:
                scale = dtype.type(max(map(abs, setting.values())))
                points = points[points < far * min(1.0, scale)]
                points = np.unique(np.concatenate([points, points / scale]))
                points = points[(points > lower) & (points < min(upper, far / max(1.0, scale)))]
            if index == 0:
                thresholds = np.abs(around_thresholds(oracle, format))
                points = np.union1d(points, thresholds[(thresholds > lower) & (thresholds < upper)].astype(dtype))
            near = beside_roots(oracle, format, points, side).astype(dtype)
            yield Sample.of(self._arithmetic, oracle, side * np.union1d(points, near), setting)

    def at(self, region: Region, t: NDArray[Any]) -> Sample:
        """Given sizes in a region, parameters having their values in force."""
        return Sample.of(self._arithmetic, self._oracles[0], region.side * t, self._line.settings[0])


def _exact_roots(expression: Expr, t: Symbol) -> list[float]:
    """The roots of a polynomial factor that are exact in float32: there a sign of zero can be wrong."""
    if expression.free_symbols != {t} or too_large(expression):
        return []
    try:
        factors = Mul.make_args(factor(expression))
    except PolynomialError:
        return []
    roots = [root for part in factors if part.is_polynomial(t) for root in Poly(part, t).ground_roots()]
    return [float(root) for root in roots if Rational(float(np.float32(root))) == root]
