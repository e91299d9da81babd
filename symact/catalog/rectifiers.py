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
    summary="relu cut off at 6",
    reference="A. Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010",
)
def relu6(x: Symbol) -> Expr:
    """min(max(x, 0), 6); f'(0) and f'(6) are the left limits, 0 and 1."""
    from sympy import Max, Min

    return Min(Max(x, 0), 6)


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
    summary="elu with the slopes that keep mean 0 and variance 1 from layer to layer",
    reference="G. Klambauer et al., Self-normalizing neural networks, 2017",
)
def selu(x: Symbol) -> Expr:
    """1.0507...*x for x > 0, 1.0507...*1.6732...*(exp(x) - 1) otherwise; f'(0) is the left limit, 1.758...

    The paper gives both numbers in closed form, its code and the libraries after it with 31 decimals; so do we.
    """
    from sympy import Piecewise, Rational, exp

    alpha = Rational("1.6732632423543772848170429916717")
    scale = Rational("1.0507009873554804934193349852946")
    return scale * Piecewise((x, x > 0), (alpha * exp(x) - alpha, True))


@activation(
    Parameter("alpha", Fraction(1), "positive", "minus the limit at -oo, and the scale of x"),
    summary="elu with a continuous derivative for every alpha",
    reference="J. T. Barron, Continuously differentiable exponential linear units, 2017",
)
def celu(x: Symbol, alpha: Symbol) -> Expr:
    """x for x >= 0, alpha*(exp(x/alpha) - 1) otherwise."""
    from sympy import Piecewise, exp

    return Piecewise((x, x >= 0), (alpha * (exp(x / alpha) - 1), True))


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
    summary="the logarithm of the logistic sigmoid, softplus turned around",
    reference="PyTorch documentation, torch.nn.LogSigmoid",
    aliases=("log_sigmoid",),
)
def logsigmoid(x: Symbol) -> Expr:
    """ln(1/(1 + exp(-x)))."""
    from sympy import exp, log

    return log(1 / (1 + exp(-x)))
