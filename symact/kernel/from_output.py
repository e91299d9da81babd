"""The backward pass from the output alone, where rounding the output does not spoil it."""

from __future__ import annotations

import numpy as np

from symact.activation import Activation
from symact.errors import Error
from symact.kernel.program import Builder, Kernel
from symact.kernel.settings import oracles_of
from symact.oracle.formats import FORMATS
from symact.oracle.samples import inputs
from symact.symbolic.branches import Branches
from symact.symbolic.derivatives import Derivation
from symact.symbolic.inverse import slope_of_value

#: The largest error in ULP of float32 that the rounding of the output may cause.
_MOST = 3.0

_COUNT = 3000


def usable_slope(activation: Activation, derivation: Derivation) -> Branches | None:
    """g with f'(x) = g(f(x)), where g of the rounded f(x) is still f'(x) to a few ULP; None where it is not.

    1 - y**2 is no use for tanh: next to 1 no digit of the slope is left in y.
    """
    found = slope_of_value(derivation)
    if found is None:
        return None
    format = FORMATS["float32"]
    value, slope, of_value = (oracles_of(activation, b)[0] for b in (derivation.function, derivation.first, found))
    x = inputs(format, _COUNT, slope)
    y = value.rounded(x, format).astype(np.float64)
    try:
        with np.errstate(all="ignore"):
            errors = slope.reference(x, format).errors(of_value.rounded(y, "float64"))
    except Error:  # g ends in something like 0 * log(0) where f is rounded to its limit
        return None
    return found if errors[np.isfinite(y)].max(initial=0.0) <= _MOST else None


def backward_from_output(slope: Kernel) -> Kernel:
    """grad_y * g(y) from the program of g, whose input is called x."""
    b = Builder()
    y, gradient = b.input("y"), b.input("grad_y")
    (value,) = b.include(slope, {"x": y}).values()
    return b.kernel("backward_from_output", ["y", "grad_y"], slope.parameters, {"grad_x": b("mul", gradient, value)})
