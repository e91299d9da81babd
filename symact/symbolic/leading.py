"""The leading term of an expression as t -> oo: a constant times powers of functions that grow at different speeds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sympy import Add, Expr, Mul, S, Symbol, exp, log, oo

from symact.symbolic.expansion import Expansion
from symact.symbolic.series import Series, UndecidedError, sign_of


@dataclass(frozen=True)
class Leading:
    """``constant`` * exp(``logarithm``), to which an expression is asymptotically equal.

    Attributes:
        constant: a real constant; 0 for the zero function.
        factors: functions of t that tend to oo, fastest first, each with the real power (not 0) in which it occurs.
    """

    constant: Expr
    factors: tuple[tuple[Expr, Expr], ...]

    @property
    def sign(self) -> int:
        """The eventual sign, -1, 0 or 1."""
        return sign_of(self.constant)

    @cached_property
    def logarithm(self) -> Expr:
        """The logarithm of the product without its constant."""
        return Add(*(power * (f.args[0] if isinstance(f, exp) else log(f)) for f, power in self.factors))

    @cached_property
    def expression(self) -> Expr:
        """The closed form."""
        parts = [exp(power * f.args[0]) if isinstance(f, exp) else f**power for f, power in self.factors]
        return Mul(self.constant, *parts)

    @property
    def limit(self) -> Expr:
        """The limit: a constant, oo or -oo."""
        if not self.factors:
            return self.constant
        return oo * self.sign if sign_of(self.factors[0][1]) > 0 else S.Zero


def leading_of(series: Series) -> Leading:
    """The leading term of a series."""
    constant, powers = series.leading()
    return Leading(constant, tuple((generator.expression, power) for generator, power in powers))


def leading_term(expression: Expr, t: Symbol) -> Leading:
    """The leading term of an expression without Abs, sign, Max, Min, Piecewise, as the positive ``t`` tends to oo.

    Raises:
        UndecidedError: it was not found; `OscillatingError` where a sine or cosine of something infinite is the reason.
    """
    try:
        return leading_of(Expansion(t).of(expression))
    except RecursionError:
        raise UndecidedError("the expression is nested too deeply") from None
