"""Expansions of a region's function as candidates, for where its formulas lose digits.

They need fixed parameters, or one that only stretches the function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import product

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Symbol

from symact.kernel.arithmetic import Arithmetic
from symact.kernel.program import Builder
from symact.kernel.search.candidates import Candidate
from symact.kernel.search.line import Line, Region
from symact.kernel.search.patch import Patch, around, at_infinity, at_root, at_zero, sign_changes
from symact.kernel.search.score import Sample
from symact.oracle.arb import ArbFunction

#: Polynomials around 0 are made where digits are lost at sizes below this.
_NEAR_ZERO = 2.0**-3


class Expansions:
    """Polynomials around 0, around roots and other places, and in 1/t.

    Args:
        line: the function, for its parameters.
        arithmetic: in which candidates are evaluated.
    """

    def __init__(self, line: Line, arithmetic: Arithmetic) -> None:
        self._line = line
        self._arithmetic = arithmetic
        self._in_pairs = arithmetic.is_paired

    def near(self, region: Region, sample: Sample, lost: NDArray[np.float64]) -> Iterator[Candidate]:
        """Polynomials around 0 and around roots, where a formula loses digits there.

        Args:
            region: the piece.
            sample: inputs in it.
            lost: the sizes at which digits are lost.
        """
        function = self._function(region)
        if function is None:
            return
        if region.lower == 0 and lost.min() < _NEAR_ZERO:
            found = at_zero(function, float(region.upper), self._arithmetic)
            yield from self._written(found, region, [self._in_pairs])
        yield from self.beside_roots(region, sample, lost)

    def beside_roots(self, region: Region, sample: Sample, lost: NDArray[np.float64]) -> Iterator[Candidate]:
        """Polynomials around roots, where a formula loses digits there."""
        function = self._function(region)
        if function is None:
            return
        found: list[Patch] = []
        t = self._line.size(sample)
        increasing = np.argsort(t)
        values = sample.reference.rounded[increasing].tolist()
        # In quick arithmetic digits beside a root are given for speed.
        roots = [] if self._arithmetic.is_quick else sign_changes(t[increasing].tolist(), values, exact=True)
        for low, high in roots:
            if ((lost > 0.8 * low) & (lost < 1.25 * high)).any():
                found += at_root(function, low, high, self._arithmetic)
        yield from self._written(found, region, [self._in_pairs])

    def around(self, region: Region, places: Sequence[float]) -> Iterator[Candidate]:
        """Polynomials in pairs around given sizes, where that is possible."""
        function = self._function(region)
        if function is None:
            return
        found = (around(function, place, self._arithmetic) for place in places)
        yield from self._written([patch for patch in found if patch is not None], region, [True])

    def far_out(self, region: Region) -> Iterator[Candidate]:
        """Polynomials in 1/t, for tails where all formulas lose digits; those of the largest numbers without pairs."""
        function = self._function(region)
        if function is None:
            return
        for patch in at_infinity(function, self._arithmetic):
            ways = (True, False) if self._in_pairs and not patch.vanishes else (self._in_pairs,)
            yield from self._written([patch], region, ways)

    def _function(self, region: Region) -> ArbFunction | None:
        """The exact function, a parameter that only stretches it being 1; None where there are others."""
        if not self._line.is_only_stretched:
            return None
        scaling = self._line.scaling
        plain = region.expression if scaling is None else region.expression.subs(scaling.symbol, 1)
        return _exact(plain, self._line.t)

    def _written(self, found: Iterable[Patch], region: Region, ways: Sequence[bool]) -> Iterator[Candidate]:
        """Programs for patches, with pairs or without."""
        for patch, in_pairs in product(found, ways):
            b = Builder()
            step = self._value(b, patch, region, in_pairs)
            kernel = b.kernel("piece", ["x"], self._line.parameters, {"y": step})
            yield Candidate(patch.name, kernel, patch.end)

    def _value(self, b: Builder, patch: Patch, region: Region, in_pairs: bool) -> int:
        t = b("abs", b.input("x"))
        stepwise = not (self._arithmetic.is_wide or self._arithmetic.is_quick)
        write = patch.write_in_pairs if in_pairs else partial(patch.write, stepwise=stepwise)
        scaling = self._line.scaling
        if scaling is None:
            return write(b, t)
        if self._arithmetic.is_wide:
            value = write(b, scaling.write(b, t))
        else:
            value = write(b, *scaling.exactly(b, t))
        power = scaling.power(region.expression, self._line.t)
        assert power is not None
        for _ in range(abs(power)):
            value = b("mul" if power > 0 else "div", value, b.parameter(scaling.parameter))
        return value


@lru_cache(maxsize=64)
def _exact(expression: Expr, t: Symbol) -> ArbFunction:
    """The same object for the same function, whichever arithmetic it is looked at in."""
    return ArbFunction(expression, t)
