"""From an expression in ``t`` to its asymptotic series as t -> oo.

Sums, products, powers, exp and log are the series' own; every other function has a rule in ``_RULES``, and one without
is expanded by its Taylor series wherever its argument has a finite limit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from sympy import (
    Add,
    Dummy,
    Expr,
    Function,
    LambertW,
    Mul,
    Pow,
    S,
    Symbol,
    acos,
    asin,
    atan,
    cos,
    cot,
    diff,
    erf,
    erfc,
    exp,
    factorial,
    factorial2,
    floor,
    log,
    pi,
    sin,
    sqrt,
    tan,
)
from sympy.functions.combinatorial.numbers import stirling
from sympy.functions.elementary.hyperbolic import HyperbolicFunction, InverseHyperbolicFunction

from symact.symbolic.series import OscillatingError, Scale, Series, UndecidedError, sign_of


class _Erfcx(Function):  # type: ignore[misc]
    """exp(x**2)*erfc(x): erfc without its exponential."""

    @staticmethod
    def closed(x: Expr) -> Expr:
        return exp(x**2) * erfc(x)

    def fdiff(self, argindex: int = 1) -> Expr:
        return 2 * self.args[0] * self - 2 / sqrt(pi)


class _Omega(Function):  # type: ignore[misc]
    """LambertW(exp(x)), Wright's omega function."""

    @staticmethod
    def closed(x: Expr) -> Expr:
        return LambertW(exp(x))

    def fdiff(self, argindex: int = 1) -> Expr:
        return self / (1 + self)


class _Lambert(Function):  # type: ignore[misc]
    """LambertW with a derivative that is regular at 0."""

    closed = LambertW

    def fdiff(self, argindex: int = 1) -> Expr:
        return exp(-self) / (1 + self)


def _closed(function: type[Function], argument: Expr) -> Expr:
    return getattr(function, "closed", function)(argument)


class Expansion:
    """Expands expressions over one scale, so that their series can be combined.

    Args:
        t: the positive variable that tends to oo.
    """

    def __init__(self, t: Symbol) -> None:
        self.scale = Scale(t)
        self._known: dict[Expr, Series] = {t: self.scale.power_of(self.scale.generators[0])}

    def of(self, expression: Expr) -> Series:
        """The series of an expression.

        Raises:
            UndecidedError: a function without a rule, or a constant whose sign is not decided; `OscillatingError` where
                a trigonometric function of something infinite stands in it.
        """
        known = self._known.get(expression)
        if known is None:
            known = self._known[expression] = self._expand(expression)
        return known

    def _expand(self, expression: Expr) -> Series:
        if not any(symbol in self._known for symbol in expression.free_symbols):
            return self.scale.constant(expression)
        if isinstance(expression, Add):
            return reduce(Series.__add__, map(self.of, expression.args))
        if isinstance(expression, Mul):
            return reduce(Series.__mul__, map(self.of, expression.args))
        if isinstance(expression, Pow):
            if self.of(expression.exp).top is None:
                return self.of(expression.base).power(expression.exp)
            return self.of(expression.exp * log(expression.base)).exp()
        if isinstance(expression, HyperbolicFunction):
            return self.of(expression.rewrite(exp, deep=False))
        if isinstance(expression, InverseHyperbolicFunction):
            return self.of(expression.rewrite(log, deep=False))
        if not isinstance(expression, Function) or len(expression.args) != 1:
            raise UndecidedError(f"there is no rule for {expression.func.__name__}")
        return self._applied(expression.func, self.of(expression.args[0]))

    def _applied(self, function: type[Function], argument: Series) -> Series:
        rule = _RULES.get(function)
        return self._taylor(function, argument) if rule is None else rule(self, argument)

    def _taylor(self, function: type[Function], argument: Series) -> Series:
        """The series of a function that is analytic at the limit of its argument, by its derivatives there."""
        if argument.top is None:
            value = _closed(function, argument.value)
            sign_of(value)  # refuses what is no real number, a pole for example
            return self.scale.constant(value)
        large, centre, small = argument.split()
        if not large.is_zero():
            raise UndecidedError(f"the behaviour of {function.__name__} at infinity is not known")
        x = Dummy("x", real=True)
        self._known[x] = centre
        derivatives = [function(x)]
        self._known[derivatives[0]] = self._applied(function, centre)

        def coefficient(n: int) -> Series:
            while len(derivatives) <= n:
                derivatives.append(diff(derivatives[-1], x))
            return self.of(derivatives[n]) * self.scale.constant(1 / factorial(n))

        return small.composed(coefficient, lambda: _closed(function, argument.exact))

    # Rules for arguments that tend to infinity, or to a singular point ----------------------------------------

    def _arctangent(self, argument: Series) -> Series:
        if argument.magnitude() <= 0:
            return self._taylor(atan, argument)
        quarter = self.scale.constant(argument.sign() * pi / 2)
        return quarter - self._taylor(atan, argument.inverse())

    def _floor(self, argument: Series) -> Series:
        limit = argument.limit()
        if limit.is_infinite:
            raise UndecidedError("floor of something that tends to infinity")
        below = limit.is_integer and (argument - self.scale.constant(limit)).sign() < 0
        return self.scale.constant(limit - 1 if below else floor(limit))

    def _arcsine(self, argument: Series) -> Series:
        limit = argument.limit()
        if limit in (1, -1):
            # pi/2 - 2*asin(sqrt((1 - x)/2)) at 1, and odd.
            half = self.scale.constant(S.Half)
            root = (half - half * self.scale.constant(limit) * argument).power(S.Half)
            near = self.scale.constant(pi / 2) - self.scale.constant(S(2)) * self._taylor(asin, root)
            return self.scale.constant(limit) * near
        return self._taylor(asin, argument)

    def _arccosine(self, argument: Series) -> Series:
        return self.scale.constant(pi / 2) - self._arcsine(argument)

    def _error_function(self, argument: Series) -> Series:
        if argument.magnitude() <= 0:
            return self._taylor(erf, argument)
        sign = self.scale.constant(S(argument.sign()))
        return sign - sign * self._complementary(sign * argument)

    def _complementary(self, argument: Series) -> Series:
        if argument.magnitude() <= 0:
            return self._taylor(erfc, argument)
        if argument.sign() < 0:
            return self.scale.constant(S(2)) - self._complementary(-argument)
        return (-(argument * argument)).exp() * self._scaled_complementary(argument)

    def _scaled_complementary(self, argument: Series) -> Series:
        """DLMF 7.12.1."""
        if argument.top is None or sign_of(argument.leading_exponent()) <= 0:
            return self._taylor(_Erfcx, argument)
        inverse = argument.inverse()
        square = inverse * inverse
        series = square.composed(
            lambda n: (-1) ** n * factorial2(2 * n - 1) / S(2) ** n,
            lambda: sqrt(pi) * argument.exact * _Erfcx.closed(argument.exact),
        )
        return inverse * series * self.scale.constant(1 / sqrt(pi))

    def _lambert(self, argument: Series) -> Series:
        if argument.magnitude() <= 0:
            return self._taylor(_Lambert, argument)
        return self._omega(argument.log())

    def _omega(self, argument: Series) -> Series:
        """x - ln x + ln x/x + ... at oo: R. Corless et al., On the Lambert W function, 1996, section 4."""
        if argument.top is None or sign_of(argument.leading_exponent()) <= 0:
            return self._taylor(_Omega, argument)
        logarithm = argument.log()

        def coefficient(n: int) -> Series:
            terms = (
                logarithm.power(S(m)) * self.scale.constant(S(-1) ** (n - m) * cycles / factorial(m))
                for m, cycles in ((m, stirling(n, n - m + 1, kind=1)) for m in range(1, n + 1))
            )
            return reduce(Series.__add__, terms, self.scale.constant(S.Zero))

        rest = argument.inverse().composed(
            coefficient, lambda: _Omega.closed(argument.exact) - argument.exact + log(argument.exact)
        )
        return argument - logarithm + rest


def _periodic(function: type[Function]) -> Callable[[Expansion, Series], Series]:
    def rule(expansion: Expansion, argument: Series) -> Series:
        if argument.magnitude() > 0:
            raise OscillatingError(f"{function.__name__} of something that tends to infinity")
        return expansion._taylor(function, argument)

    return rule


_SINE, _COSINE = _periodic(sin), _periodic(cos)

_RULES: dict[type[Function], Callable[[Expansion, Series], Series]] = {
    exp: lambda _, argument: argument.exp(),
    log: lambda _, argument: argument.log(),
    floor: Expansion._floor,
    atan: Expansion._arctangent,
    asin: Expansion._arcsine,
    acos: Expansion._arccosine,
    erf: Expansion._error_function,
    erfc: Expansion._complementary,
    _Erfcx: Expansion._scaled_complementary,
    LambertW: Expansion._lambert,
    _Omega: Expansion._omega,
    sin: _SINE,
    cos: _COSINE,
    tan: lambda expansion, u: _SINE(expansion, u) * _COSINE(expansion, u).inverse(),
    cot: lambda expansion, u: _COSINE(expansion, u) * _SINE(expansion, u).inverse(),
}
