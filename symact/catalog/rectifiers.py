"""Activations that pass one side and damp the other, and their smooth relatives."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from symact.activation import Parameter
from symact.catalog import activation

if TYPE_CHECKING:
    from sympy import Expr, Symbol


@activation(summary="passes its input through", reference="a linear layer")
def identity(x: Symbol) -> Expr:
    """x."""
    return x


@activation(
    summary="the rectified linear unit: the larger of x and 0",
    reference="V. Nair, G. Hinton, Rectified linear units improve restricted Boltzmann machines, 2010",
    aliases=("ramp",),
)
def relu(x: Symbol) -> Expr:
    """max(x, 0); f'(0) is the left limit, 0."""
    from sympy import Max

    return Max(x, 0)


@activation(
    Parameter("alpha", Fraction(1, 100), "real", "slope for x < 0"),
    summary="relu with a small slope on the left",
    reference="A. Maas et al., Rectifier nonlinearities improve neural network acoustic models, 2013",
)
def leaky_relu(x: Symbol, alpha: Symbol) -> Expr:
    """x for x > 0, alpha*x otherwise; f'(0) is the left limit, alpha."""
    from sympy import Piecewise

    return Piecewise((x, x > 0), (alpha * x, True))


@activation(
    Parameter("alpha", Fraction(1), "positive", "minus the limit at -oo"),
    summary="exponential on the left, linear on the right",
    reference="D.-A. Clevert et al., Fast and accurate deep network learning by exponential linear units, 2016",
)
def elu(x: Symbol, alpha: Symbol) -> Expr:
    """x for x > 0, alpha*(exp(x) - 1) otherwise; f'(0) is the left limit, alpha."""
    from sympy import Piecewise, exp

    return Piecewise((x, x > 0), (alpha * (exp(x) - 1), True))


@activation(
    Parameter("beta", Fraction(1), "positive", "sharpness of the bend at 0"),
    summary="a smooth relu; its derivative is the logistic sigmoid",
    reference="C. Dugas et al., Incorporating second-order functional knowledge for better option pricing, 2000",
)
def softplus(x: Symbol, beta: Symbol) -> Expr:
    """ln(1 + exp(beta*x))/beta."""
    from sympy import exp, log

    return log(1 + exp(beta * x)) / beta


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
