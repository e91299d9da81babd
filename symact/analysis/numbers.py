"""Real numbers that are known: exactly, as SymPy constants, or by a certified enclosure, as Arb balls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nextafter
from typing import Any

from flint import arb, ctx, fmpq
from sympy import (
    Add,
    CRootOf,
    Expr,
    Float,
    LambertW,
    Mul,
    Pow,
    Rational,
    S,
    Symbol,
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    log,
    oo,
    pi,
    simplify,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)

from symact.analysis.record import Enclosure, Value

#: Working precision in bits: enclosures come out some 30 digits wide, twice what is shown.
PRECISION = 256

#: A function of the real variable on Arb balls; the image of the ball is inside the result.
Evaluator = Callable[[arb], arb]


#: Exact constants with more operations than this are shown as enclosures.
_LONGEST = 24


class UndecidedError(Exception):
    """A question about a function that could neither be proved nor refuted; the answer is then null."""


_FUNCTIONS: dict[Any, Callable[[arb], arb]] = {
    exp: arb.exp,
    log: arb.log,
    sin: arb.sin,
    cos: arb.cos,
    tan: arb.tan,
    asin: arb.asin,
    acos: arb.acos,
    atan: arb.atan,
    sinh: arb.sinh,
    cosh: arb.cosh,
    tanh: arb.tanh,
    asinh: arb.asinh,
    acosh: arb.acosh,
    atanh: arb.atanh,
    erf: arb.erf,
    erfc: arb.erfc,
    LambertW: arb.lambertw,
}


def evaluator(expression: Expr, x: Symbol) -> Evaluator:
    """The expression as a function on balls, at the precision in force when it is called.

    Raises:
        UndecidedError: a function that has no rigorous evaluation here.
    """
    if expression == x:
        return lambda ball: ball
    if expression.is_Rational:
        value = fmpq(int(expression.p), int(expression.q))
        return lambda ball: arb(value)
    if expression is pi:
        return lambda ball: arb.pi()
    if expression is S.Exp1:
        return lambda ball: arb.const_e()
    if isinstance(expression, CRootOf):
        near = expression.eval_rational(Rational(1, 2 ** (PRECISION + 2)))
        root = arb(fmpq(int(near.p), int(near.q)), 2.0**-PRECISION)
        return lambda ball: root
    if isinstance(expression, Pow):
        return _power(expression, x)
    terms = [evaluator(argument, x) for argument in expression.args]
    if isinstance(expression, Add):
        return lambda ball: sum((term(ball) for term in terms), arb(0))
    if isinstance(expression, Mul):
        return lambda ball: _product(term(ball) for term in terms)
    function = _FUNCTIONS.get(expression.func)
    if function is None or len(terms) != 1:
        raise UndecidedError(f"{expression} has no certified evaluation")
    (inner,) = terms
    return lambda ball: function(inner(ball))


def _product(factors: Iterator[arb]) -> arb:
    result = arb(1)
    for factor in factors:
        result *= factor
    return result


def _power(expression: Pow, x: Symbol) -> Evaluator:
    base = evaluator(expression.base, x)
    if expression.exp.is_Integer:
        exponent = int(expression.exp)
        if exponent > 0:
            return lambda ball: _repeated(base(ball), exponent)
        return lambda ball: 1 / _repeated(base(ball), -exponent)
    if expression.exp == Rational(1, 2):
        return lambda ball: base(ball).sqrt()
    if expression.exp == Rational(-1, 2):
        return lambda ball: base(ball).rsqrt()
    power = evaluator(expression.exp, x)
    return lambda ball: base(ball) ** power(ball)


def _repeated(base: arb, exponent: int) -> arb:
    """A positive integer power by squaring. ``base**exponent`` is NaN where the middle of the ball is 0."""
    if exponent == 1:
        return base
    half = _repeated(base, exponent // 2)
    return half * half * base if exponent % 2 else half * half


def ball_sign(ball: arb) -> int | None:
    """-1 or 1 where the ball lies on one side of zero, 0 where it is exactly zero, else None."""
    if ball > 0:
        return 1
    if ball < 0:
        return -1
    return 0 if ball.is_zero() else None


@dataclass(frozen=True)
class Number:
    """A real number or an infinity: an enclosure, and the exact constant where that is known."""

    ball: arb
    exact: Expr | None = None

    @classmethod
    def of(cls, exact: Expr) -> Number:
        """The number that an exact SymPy constant stands for.

        Raises:
            UndecidedError: the constant cannot be enclosed.
        """
        if exact in (oo, -oo):
            return cls(arb.pos_inf() if exact == oo else arb.neg_inf(), exact)
        with ctx.workprec(PRECISION):
            ball = evaluator(exact, Symbol("x"))(arb(0))
        if not ball.is_finite():
            raise UndecidedError(f"{exact} could not be evaluated")
        return cls(ball, exact)

    @property
    def finite(self) -> bool:
        """Whether it is a real number."""
        return bool(self.ball.is_finite())

    @property
    def sign(self) -> int:
        """-1, 0 or 1.

        Raises:
            UndecidedError: too near zero to tell.
        """
        if not self.finite:
            return 1 if self.exact == oo else -1
        found = ball_sign(self.ball)
        if found is not None:
            return found
        if self.exact is not None and is_zero(self.exact):
            return 0
        raise UndecidedError("a number is too near zero to know its sign")

    def compare(self, other: Number) -> int:
        """The sign of ``self - other``.

        Raises:
            UndecidedError: too near each other to tell.
        """
        if self is other or (self.exact is not None and self.exact == other.exact):
            return 0
        if self.ball < other.ball:
            return -1
        if self.ball > other.ball:
            return 1
        if self.exact is not None and other.exact is not None and is_zero(self.exact - other.exact):
            return 0
        raise UndecidedError("two numbers are too near each other to know their order")

    def equals(self, other: Number) -> bool:
        """Whether two numbers are the same; taken as the same if nothing tells them apart."""
        try:
            return self.compare(other) == 0
        except UndecidedError:
            return True

    def joined(self, other: Number) -> Number:
        """An enclosure of both numbers, for two that are too near each other to tell them apart."""
        with ctx.workprec(PRECISION):
            return Number(self.ball.union(other.ball))

    def __neg__(self) -> Number:
        return Number(-self.ball, None if self.exact is None else -self.exact)

    def __abs__(self) -> Number:
        return -self if self.sign < 0 else self

    def at(self, expression: Expr, x: Symbol) -> Number:
        """The value of the expression in ``x`` at this finite number."""
        if self.exact is not None:
            value = expression.subs(x, self.exact)
            if value.is_number and value.is_finite:
                return Number.of(value)
        with ctx.workprec(PRECISION):
            value = evaluator(expression, x)(self.ball)
        if not value.is_finite():
            raise UndecidedError(f"{expression} could not be evaluated at {self.ball}")
        return Number(value)

    @property
    def shown(self) -> Value:
        """How the record shows it: exact text, or 15 digits and a radius."""
        if self.exact is not None and self.exact.count_ops() <= _LONGEST:
            return str(self.exact)
        with ctx.workprec(PRECISION):
            value = float(f"{float(self.ball.mid()):.15g}")
            # The radius covers the digits as printed and as read back into a binary number.
            radius = max(abs(self.ball - arb(fmpq(f.numerator, f.denominator))).upper() for f in _readings(value))
        return Enclosure(value, float(f"{nextafter(float(radius), inf) * 1.06:.1e}"))

    @property
    def decimal(self) -> Expr:
        """The exact constant where it is shown, else the 15 digits."""
        return self.exact if isinstance(self.shown, str) else Float(str(self.shown), 15)


def _readings(value: float) -> tuple[Fraction, Fraction]:
    return Fraction(value), Fraction(repr(value))


INFINITY = Number.of(oo)


def is_zero(constant: Expr) -> bool:
    """Whether an exact constant is zero; False only if that is proved.

    Raises:
        UndecidedError: neither is proved.
    """
    if constant.is_zero:
        return True
    with ctx.workprec(PRECISION):
        if ball_sign(evaluator(constant, Symbol("x"))(arb(0))) in (-1, 1):
            return False
    if simplify(constant) == 0:
        return True
    raise UndecidedError(f"it is not known whether {constant} is zero")


def _guesses(ball: arb) -> Iterator[Expr]:
    """Simple exact constants near the middle of a ball: rationals, their roots, logarithms, multiples of pi."""

    def rational(value: arb) -> Expr:
        near = Fraction(float(value)).limit_denominator(64)
        return Rational(near.numerator, near.denominator)

    middle = ball.mid()
    yield rational(middle)
    root = rational(middle * middle)
    yield (1 if middle > 0 else -1) * sqrt(root)
    yield rational(middle / arb.pi()) * pi
    if abs(middle) < 8:
        yield log(max(rational(middle.exp()), Rational(1, 64)))
        if middle > 0 and abs(middle.log()) > 0.01:
            yield exp(rational(middle.log()))


def recognised(ball: arb, vanishes: Callable[[Expr], bool]) -> Number:
    """The only root inside the ball, exact where a simple constant in it is proved to be one."""
    with ctx.workprec(PRECISION):
        for guess in _guesses(ball):
            if ball.overlaps(Number.of(guess).ball):
                try:
                    if vanishes(guess):
                        return Number.of(guess)
                except UndecidedError:
                    continue
    return Number(ball)
