"""SymPy expressions as functions of Arb balls: rigorous at any precision, compiled once.

The expression is turned into straight-line Python over `flint.arb` with common subexpressions shared. The text that is
compiled consists of names made here and of the table below; nothing of the expression's own text gets into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import sympy
from flint import arb, ctx, fmpq
from sympy.codegen.cfunctions import expm1, log1p

from symact.errors import Error

#: At how many points SymPy may find no rational value of a function before it is not asked again.
_ENOUGH = 16

#: How each SymPy function is written on a ball.
_FUNCTIONS: dict[type, str] = {
    sympy.exp: "{}.exp()",
    sympy.log: "{}.log()",
    sympy.erf: "{}.erf()",
    sympy.erfc: "{}.erfc()",
    sympy.sin: "{}.sin()",
    sympy.cos: "{}.cos()",
    sympy.tan: "{}.tan()",
    sympy.cot: "{}.cot()",
    sympy.sec: "{}.sec()",
    sympy.csc: "{}.csc()",
    sympy.sinh: "{}.sinh()",
    sympy.cosh: "{}.cosh()",
    sympy.tanh: "{}.tanh()",
    sympy.coth: "{}.coth()",
    sympy.sech: "{}.sech()",
    sympy.csch: "{}.csch()",
    sympy.asin: "{}.asin()",
    sympy.acos: "{}.acos()",
    sympy.atan: "{}.atan()",
    sympy.asinh: "{}.asinh()",
    sympy.acosh: "{}.acosh()",
    sympy.atanh: "{}.atanh()",
    sympy.floor: "{}.floor()",
    sympy.LambertW: "{}.lambertw()",
    log1p: "{}.log1p()",
    expm1: "{}.expm1()",
}

#: The constants that are not rational.
_CONSTANTS: dict[sympy.Expr, Callable[[], arb]] = {sympy.pi: arb.pi, sympy.E: arb.const_e}


class _Writer:
    """Collects the text of one function and the values of the numbers in it."""

    def __init__(self, x: sympy.Symbol) -> None:
        self.names: dict[sympy.Expr, str] = {x: "x"}
        self.constants: list[Callable[[], arb]] = []

    def constant(self, make: Callable[[], arb], key: sympy.Expr) -> str:
        self.names[key] = f"c{len(self.constants)}"
        self.constants.append(make)
        return self.names[key]

    def __call__(self, node: sympy.Expr) -> str:
        if node in self.names:
            return self.names[node]
        if node.is_Rational:
            return self.constant(lambda: arb(fmpq(int(node.p), int(node.q))), node)
        if node in _CONSTANTS:
            return self.constant(_CONSTANTS[node], node)
        if node.is_Add:
            return f"({' + '.join(self(term) for term in node.args)})"
        if node.is_Mul:
            return self._product(node)
        if node.is_Pow:
            return self._power(*node.args)
        if isinstance(node, sympy.LambertW) and len(node.args) == 2 and node.args[1] == -1:
            return f"{self(node.args[0])}.lambertw(-1)"
        template = _FUNCTIONS.get(node.func)
        if template is None or len(node.args) != 1:
            raise Error(f"{node.func.__name__} cannot be evaluated rigorously", "write it with elementary functions")
        return template.format(self(node.args[0]))

    def _product(self, node: sympy.Expr) -> str:
        # A quotient is one division, not a multiplication by a reciprocal: fewer steps, tighter balls.
        above, below = [], []
        for factor in node.args:
            base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, sympy.S.One)
            if exponent.is_Rational and exponent < 0:
                below.append(self._power(base, -exponent))
            else:
                above.append(self(factor))
        numerator = "*".join(above) if above else self(sympy.S.One)
        return f"({numerator}/({'*'.join(below)}))" if below else f"({numerator})"

    def _power(self, base: sympy.Expr, exponent: sympy.Expr) -> str:
        if not exponent.is_Rational:
            return f"({self(base)}**{self(exponent)})"
        if exponent < 0:
            return f"({self(sympy.S.One)}/{self._power(base, -exponent)})"
        p, q = int(exponent.p), int(exponent.q)
        root = self(base) if q == 1 else f"{self(base)}.sqrt()" if q == 2 else f"{self(base)}.root({q})"
        return root if p == 1 else f"power({root}, {p})"


def _narrower(expression: sympy.Expr) -> sympy.Expr:
    """The same function with log1p and expm1, whose balls stay narrow where 1 swallows the rest, as in tails."""

    def logarithm(argument: sympy.Expr) -> sympy.Expr:
        beside_1 = argument.is_Add and sympy.S.One in argument.args
        return log1p(argument - 1) if beside_1 else sympy.log(argument)

    def sum_(*terms: sympy.Expr) -> sympy.Expr:
        for one, term in product({sympy.S.One, sympy.S.NegativeOne} & {*terms}, terms):
            if isinstance(-one * term, sympy.exp):
                (argument,) = (-one * term).args
                return sympy.Add(*(other for other in terms if other not in (one, term)), -one * expm1(argument))
        return sympy.Add(*terms)

    return expression.replace(sympy.log, logarithm).replace(sympy.Add, sum_)


def _power(base: arb, exponent: int) -> arb:
    """A positive integer power by squaring. ``base**exponent`` is NaN where the middle of the ball is 0."""
    half = _power(base, exponent // 2) if exponent > 1 else None
    if half is None:
        return base
    return half * half * base if exponent & 1 else half * half


class ArbFunction:
    """A compiled expression of one real variable.

    Args:
        expression: built of the table's functions, rationals, pi and E; no symbol but `x`.
        x: its variable.

    Raises:
        Error: a function that Arb cannot evaluate, or a symbol other than `x`.
    """

    def __init__(self, expression: sympy.Expr, x: sympy.Symbol) -> None:
        strange = expression.free_symbols - {x}
        if strange:
            raise Error(f"{', '.join(sorted(map(str, strange)))} has no value", "set every parameter first")
        self.expression, self.x = expression, x
        write = _Writer(x)
        shared, (result,) = sympy.cse(_narrower(expression), symbols=sympy.numbered_symbols(cls=sympy.Dummy))
        body = []
        for index, (symbol, value) in enumerate(shared):
            body.append(f"    t{index} = {write(value)}")
            write.names[symbol] = f"t{index}"
        body.append(f"    return {write(result)}")
        names = "".join(f", c{index}" for index in range(len(write.constants)))
        namespace: dict[str, Any] = {"power": _power}
        exec("\n".join([f"def function(x{names}):", *body]), namespace)
        self._function: Callable[..., arb] = namespace["function"]
        self._constants = write.constants
        self._in_vain = 0

    def values(self, points: Sequence[float], precision: int) -> list[arb]:
        """Balls that contain the exact values at finite doubles; `precision` in bits."""
        with ctx.workprec(precision):
            return self.at([arb(point) for point in points], precision)

    def at(self, points: Sequence[arb], precision: int) -> list[arb]:
        """Balls that contain the exact values at every number in the given balls; `precision` in bits."""
        with ctx.workprec(precision):
            constants = [make() for make in self._constants]
            function = self._function
            return [function(point, *constants) for point in points]

    def exact(self, point: float) -> Fraction | None:
        """The exact value where it is rational and SymPy finds it, else None.

        Where it has found none at several points, it is not asked again: that takes milliseconds a point.
        """
        if self._in_vain >= _ENOUGH:
            return None
        value = self.expression.subs(self.x, sympy.Rational(Fraction(point)))
        if value.is_Rational:
            return Fraction(int(value.p), int(value.q))
        self._in_vain += 1
        return None
