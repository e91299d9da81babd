"""The values of an activation's parameters that programs are tried at, and the exact functions there."""

from __future__ import annotations

import math

import numpy as np
from sympy import Expr, Rational

from symact.activation import Activation
from symact.oracle import Oracle
from symact.symbolic.branches import Branches


def settings_of(activation: Activation) -> list[dict[str, float]]:
    """The parameters' values in force, and (with parameters) others near and far of the same sign, exact in float32."""
    first = values_in_force(activation)
    if not first:
        return [{}]
    sizes = (0.3125, 2.5, 2.0**-20, 2.0**100)
    return [first, *({name: math.copysign(size, value) for name, value in first.items()} for size in sizes)]


def values_in_force(activation: Activation) -> dict[str, float]:
    """The parameters' values in force, as numbers of float32."""
    return {p.name: float(np.float32(float(p.value))) for p in activation.parameters}


def exact(value: float) -> Expr:
    """A number as SymPy's."""
    return Rational(*value.as_integer_ratio())


def oracles_of(activation: Activation, branches: Branches) -> list[Oracle]:
    """The exact values of one pass, for each setting of the parameters that programs are tried at."""
    return [
        Oracle(branches.subs({activation.symbols[name]: exact(v) for name, v in setting.items()}))
        for setting in settings_of(activation)
    ]
