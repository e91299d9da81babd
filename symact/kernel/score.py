"""How far a program is from the truth: sampled inputs whose exact values are computed once for all candidates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symact.kernel.interpret import evaluate
from symact.kernel.program import Kernel
from symact.oracle import Oracle, Reference

Floats = NDArray[np.float64]

#: What an operation costs beside an addition, for choosing among equally accurate programs.
_COSTS = {
    "div": 4,
    "sqrt": 4,
    "pow": 30,
    "gauss": 25,
    "bell": 25,
    "erf": 40,
    "erfc": 50,
    "erfcx": 25,
    **dict.fromkeys(("exp", "expm1", "log", "log1p", "tanh", "sinh", "cosh", "sin", "cos"), 12),
    **dict.fromkeys(("tan", "asin", "acos", "atan", "asinh", "acosh", "atanh"), 15),
    **dict.fromkeys(("input", "parameter", "const"), 0),
}


def cost(kernel: Kernel) -> int:
    """The program's cost in units of an addition."""
    return sum(_COSTS.get(step.operation, 1) for step in kernel.instructions)


def inputs(lower: float, upper: float, dtype: Any, seed: int) -> NDArray[Any]:
    """Sizes t in (lower, upper) where kernels fail: all exponents, the origin, exponential tails, both edges.

    The same arguments give the same inputs, sorted and without repeats, exact in `dtype`.
    """
    generator = np.random.default_rng(seed)
    info = np.finfo(dtype)
    low, high = max(lower, float(info.smallest_subnormal)), min(upper, float(info.max))
    sets = [np.exp(generator.uniform(np.log(low), np.log(high), 260))]
    for reach, count in ((2.0, 80), (12.0, 120), (50.0, 80), (120.0, 60), (800.0, 120)):
        if min(reach, high) > low:
            sets.append(generator.uniform(low, min(reach, high), count))
    steps = 2.0 ** -np.arange(2, 40)
    sets += [low * (1 + steps), high * (1 - steps)]
    with np.errstate(over="ignore"):
        points = np.unique(np.concatenate(sets).astype(dtype))
    inside: NDArray[Any] = points[(points > lower) & (points < upper) & np.isfinite(points)]
    return inside


@dataclass(frozen=True)
class Sample:
    """Inputs of one dtype, the parameters' values, and the exact values there."""

    x: NDArray[Any]
    parameters: Mapping[str, float]
    reference: Reference

    @staticmethod
    def of(oracle: Oracle, x: NDArray[Any], parameters: Mapping[str, float]) -> Sample:
        """The exact values from the oracle of the function at those parameters."""
        return Sample(x, parameters, oracle.reference(x, x.dtype.name))

    def errors(self, kernel: Kernel) -> Floats:
        """The program's error at each input in ULP of the inputs' dtype, every step computed in that dtype.

        A wrong NaN, infinity or sign of zero is infinitely wrong.
        """
        (values,) = evaluate(kernel, {"x": self.x, **self.parameters}, self.x.dtype).values()
        return self.reference.errors(values)
