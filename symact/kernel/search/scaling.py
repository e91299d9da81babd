"""Functions that a parameter only stretches: f(x, p) = p^c * f(p^b*x, 1).

What is special at one place for p = 1 (a root, a tail) is there in u = p^b*x for every p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Integer, Rational, Symbol

from symact.kernel.products import product, quotient
from symact.kernel.program import Builder

#: Where both sides of the equation are compared: values of u, and of p.
_PLACES = (Rational(3, 7), Rational(9, 5), Rational(31, 6))
_VALUES = (Integer(2), Rational(3, 5))

_DIGITS = 30


@dataclass(frozen=True)
class Scaling:
    """u = t*p (exponent 1) or t/p (exponent -1).

    Attributes:
        parameter: its name.
        symbol: its symbol.
        exponent: b, 1 or -1.
    """

    parameter: str
    symbol: Symbol
    exponent: int

    def size(self, t: NDArray[np.float64], value: float) -> NDArray[np.float64]:
        """u for a value of the parameter."""
        return t * value if self.exponent > 0 else t / value

    def write(self, b: Builder, t: int) -> int:
        """The step that computes u."""
        return b("mul" if self.exponent > 0 else "div", t, b.parameter(self.parameter))

    def exactly(self, b: Builder, t: int) -> tuple[int, int]:
        """The step that computes u, and a step for its rounding error."""
        value = b.parameter(self.parameter)
        if self.exponent < 0:
            return quotient(b, t, value)
        rounded, error = product(b, [t, value])
        assert error is not None
        return rounded, error

    def power(self, expression: Expr, t: Symbol) -> int | None:
        """c for a function of t > 0, compared numerically; None where it is not stretched like this."""
        return _power(self, expression, t)


@lru_cache(maxsize=64)
def _power(scaling: Scaling, expression: Expr, t: Symbol) -> int | None:
    return next((c for c in range(-3, 4) if _holds(scaling, expression, t, c)), None)


def _holds(scaling: Scaling, expression: Expr, t: Symbol, c: int) -> bool:
    for u in _PLACES:
        plain = expression.subs({t: u, scaling.symbol: 1}).evalf(_DIGITS)
        for p in _VALUES:
            stretched = expression.subs({t: u / p**scaling.exponent, scaling.symbol: p}).evalf(_DIGITS)
            if not abs(stretched - p**c * plain) <= Rational(1, 10**20) * (abs(plain) + Rational(1, 10**20)):
                return False
    return True


def scaling(functions: Sequence[Expr], t: Symbol, symbols: dict[str, Symbol]) -> Scaling | None:
    """How the only parameter, if positive, stretches all of some functions of t > 0; None where it does not."""
    if len(symbols) != 1:
        return None
    ((name, symbol),) = symbols.items()
    if not symbol.is_positive:
        return None
    for exponent in (1, -1):
        found = Scaling(name, symbol, exponent)
        if all(found.power(function, t) is not None for function in functions):
            return found
    return None
