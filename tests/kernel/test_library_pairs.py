"""Pairs around a language's functions: an argument's low part counts to first order."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from symact.kernel.arithmetic import WRITTEN
from symact.kernel.interpret import evaluate
from symact.kernel.library_pairs import LibraryPairs
from symact.kernel.pairs import Pair
from symact.kernel.program import Builder

#: Low parts so large that they show, while their squares do not.
HIGH = np.array([0.25, 0.75, 1.5, 3.25, 9.0])
LOW = HIGH * 2.0**-30

EXACT: dict[str, Callable[[mpmath.mpf], mpmath.mpf]] = {
    "decayed": lambda a: mpmath.exp(-a),
    "exp": mpmath.exp,
    "expm1_of_negative": lambda a: mpmath.expm1(-a),
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "atan": mpmath.atan,
    "erfcx": lambda a: mpmath.exp(a**2) * mpmath.erfc(a),
    "erfcx_half": lambda a: mpmath.exp(a**2 / 2) * mpmath.erfc(a / mpmath.sqrt(2)),
}


def value(name: str, low: np.ndarray) -> np.ndarray:
    b = Builder()
    pairs = LibraryPairs(b)
    found = getattr(pairs, name)(Pair(b.input("x"), b.input("low")))
    kernel = b.kernel("f", ["x", "low"], [], {"y": pairs.rounded(found)})
    result: np.ndarray = evaluate(kernel, {"x": HIGH, "low": low}, WRITTEN["usual_mixed"])["y"]
    return result


@pytest.mark.parametrize("name", EXACT)
def test_functions_of_pairs_are_right_to_a_few_units(name: str) -> None:
    """erfcx takes the high part alone, of which the low one is less than a unit in the last place."""
    low = np.zeros_like(LOW) if name.startswith("erfcx") else LOW
    with mpmath.workdps(40):
        for got, high, rest in zip(value(name, low).tolist(), HIGH.tolist(), low.tolist(), strict=True):
            exact = EXACT[name](mpmath.mpf(high) + mpmath.mpf(rest))
            assert abs(got - exact) <= 4 * 2.0**-53 * abs(exact)
