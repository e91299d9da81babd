"""f, f' and f'' of an activation at parameter values, with all that was computed to know them at many inputs."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property

import numpy as np

from symact.activation import Activation
from symact.oracle.formats import Float64s
from symact.oracle.oracle import Oracle
from symact.oracle.samples import roots
from symact.verification.bulk import Bulk


def oracles(activation: Activation, parameters: Mapping[str, float]) -> tuple[Oracle, Oracle, Oracle]:
    """The oracles of f, f' and f'' at exactly the parameter values that kernels take."""
    from symact.symbolic.derivatives import derive

    derivation = derive(activation)
    values = activation.with_values({name: Fraction(value) for name, value in parameters.items()}).values
    f, df, d2f = (Oracle(b.subs(values)) for b in (derivation.function, derivation.first, derivation.second))
    return f, df, d2f


class Functions:
    """The functions that an activation's passes should compute.

    Attributes:
        oracles: f, f' and f''.
        bulk: the same for many inputs.
    """

    def __init__(self, activation: Activation, parameters: Mapping[str, float]) -> None:
        self.oracles = oracles(activation, parameters)
        self.bulk = tuple(Bulk(oracle, multiplied=order == 1) for order, oracle in enumerate(self.oracles))

    @cached_property
    def landmarks(self) -> Float64s:
        """Where errors hide: roots of f, f' and f'', and the points between the definition's pieces."""
        points = [np.concatenate([roots(oracle), oracle.breakpoints]) for oracle in self.oracles]
        return np.unique(np.concatenate(points))
