"""Activations that multiply x by a gate between 0 and 1."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from symact.activation import Parameter
from symact.catalog import activation

if TYPE_CHECKING:
    from sympy import Expr, Symbol


@activation(
    Parameter("beta", Fraction(1), "positive", "sharpness of the gate"),
    summary="x gated by the logistic sigmoid",
    reference="S. Elfwing et al., Sigmoid-weighted linear units, 2018; P. Ramachandran et al., Swish, 2017",
    aliases=("swish",),
)
def silu(x: Symbol, beta: Symbol) -> Expr:
    """x/(1 + exp(-beta*x))."""
    from sympy import exp

    return x / (1 + exp(-beta * x))


@activation(
    summary="x gated by the normal distribution function",
    reference="D. Hendrycks, K. Gimpel, Gaussian error linear units, 2016",
)
def gelu(x: Symbol) -> Expr:
    """x/2*(1 + erf(x/sqrt(2)))."""
    from sympy import erf, sqrt

    return x / 2 * (1 + erf(x / sqrt(2)))


@activation(
    summary="gelu with the normal distribution function approximated by a hyperbolic tangent",
    reference="D. Hendrycks, K. Gimpel, Gaussian error linear units, 2016, section 2",
)
def gelu_tanh(x: Symbol) -> Expr:
    """x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))."""
    from sympy import Rational, pi, sqrt, tanh

    return x / 2 * (1 + tanh(sqrt(2 / pi) * (x + Rational("0.044715") * x**3)))


@activation(
    summary="x gated by the hyperbolic tangent of softplus",
    reference="D. Misra, Mish: a self regularized non-monotonic activation function, 2019",
)
def mish(x: Symbol) -> Expr:
    """x*tanh(ln(1 + exp(x)))."""
    from sympy import exp, log, tanh

    return x * tanh(log(1 + exp(x)))


@activation(
    summary="x gated by hardsigmoid",
    reference="A. Howard et al., Searching for MobileNetV3, 2019",
    aliases=("hard_swish", "hardsilu"),
)
def hardswish(x: Symbol) -> Expr:
    """x*min(max(x + 3, 0), 6)/6; f'(-3) and f'(3) are the left limits, 0 and 3/2."""
    from sympy import Max, Min

    return x * Min(Max(x + 3, 0), 6) / 6
