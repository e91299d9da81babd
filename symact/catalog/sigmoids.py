"""Bounded, increasing activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symact.catalog import activation

if TYPE_CHECKING:
    from sympy import Expr, Symbol


@activation(
    summary="the logistic sigmoid, from 0 to 1",
    reference="P.-F. Verhulst, Recherches mathématiques sur la loi d'accroissement de la population, 1845",
    aliases=("sigmoid",),
)
def logistic(x: Symbol) -> Expr:
    """1/(1 + exp(-x))."""
    from sympy import exp

    return 1 / (1 + exp(-x))


@activation(
    summary="the hyperbolic tangent, from -1 to 1",
    reference="Y. LeCun et al., Efficient BackProp, 1998",
)
def tanh(x: Symbol) -> Expr:
    """tanh(x)."""
    import sympy

    return sympy.tanh(x)


@activation(
    summary="the error function, from -1 to 1",
    reference="NIST Digital Library of Mathematical Functions, 7.2",
)
def erf(x: Symbol) -> Expr:
    """erf(x)."""
    import sympy

    return sympy.erf(x)


@activation(
    summary="the inverse tangent, from -pi/2 to pi/2",
    reference="NIST Digital Library of Mathematical Functions, 4.23",
    aliases=("atan",),
)
def arctan(x: Symbol) -> Expr:
    """atan(x)."""
    from sympy import atan

    return atan(x)


@activation(
    summary="x over one plus its size, from -1 to 1",
    reference="J. Bergstra et al., Quadratic polynomials learn better image features, 2009",
)
def softsign(x: Symbol) -> Expr:
    """x/(1 + |x|)."""
    from sympy import Abs

    return x / (1 + Abs(x))


@activation(
    summary="the logarithmic sigmoid, from -1 to 1, with a very slow approach",
    reference="article 'Exploding and Vanishing Gradients and How to Fix Them'",
    aliases=("logarithmic_sigmoid",),
)
def logsig(x: Symbol) -> Expr:
    """x/|x| * ln(1 + |x|)/(1 + ln(1 + |x|)); the value 0 at 0 is the limit."""
    from sympy import Abs, log

    return x / Abs(x) * log(Abs(x) + 1) / (log(Abs(x) + 1) + 1)


@activation(
    summary="a straight line from 0 to 1 between -3 and 3",
    reference="A. Howard et al., Searching for MobileNetV3, 2019",
    aliases=("hard_sigmoid",),
)
def hardsigmoid(x: Symbol) -> Expr:
    """min(max(x + 3, 0), 6)/6; f'(-3) and f'(3) are the left limits, 0 and 1/6."""
    from sympy import Max, Min

    return Min(Max(x + 3, 0), 6) / 6
