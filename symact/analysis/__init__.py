"""The analysis of an activation: derivatives, tails, smoothness and shape as one plain record.

SymPy is imported when the first analysis is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from symact.activation import Activation
    from symact.analysis.record import Analysis

__all__ = ["analyze"]


def analyze(activation: Activation) -> Analysis:
    """Everything symact decides about an activation, at the parameters' values in force.

    Args:
        activation: a definition; its derivatives are given with symbolic parameters, all else at the values.

    Raises:
        Error: the definition is not real on an interval or cannot be split into pieces.
    """
    from symact.analysis import document
    from symact.analysis.sections import sections

    found = {name: compute() for name, compute in sections(activation)}
    return document.read(document.assembled(activation, found, {}, None))
