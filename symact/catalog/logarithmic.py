"""Unbounded activations with logarithmic growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symact.catalog import activation

if TYPE_CHECKING:
    from sympy import Expr, Symbol

_ARTICLE = "article 'Exploding and Vanishing Gradients and How to Fix Them'"


@activation(summary="ln(1 + x) on the right, 0 on the left", reference=_ARTICLE)
def logmin(x: Symbol) -> Expr:
    """ln(1 + x) for x > 0, 0 otherwise; f'(0) is the left limit, 0."""
    from sympy import Piecewise, log

    return Piecewise((log(1 + x), x > 0), (0, True))


@activation(
    summary="ln(1 + |x|) with the sign of x",
    reference=_ARTICLE,
    aliases=("logarithmic_semisigmoid", "semisigmoid", "symlog"),
)
def log_semisigmoid(x: Symbol) -> Expr:
    """ln(1 + x) for x > 0, -ln(1 + |x|) otherwise."""
    from sympy import Abs, Piecewise, log

    return Piecewise((log(x + 1), x > 0), (-log(Abs(x) + 1), True))
