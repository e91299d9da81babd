"""Activations that are close to 0 around 0 and follow x far out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symact.catalog import activation

if TYPE_CHECKING:
    from sympy import Expr, Symbol


@activation(
    summary="what the hyperbolic tangent leaves of x",
    reference="PyTorch documentation, torch.nn.Tanhshrink",
)
def tanhshrink(x: Symbol) -> Expr:
    """x - tanh(x)."""
    from sympy import tanh

    return x - tanh(x)
