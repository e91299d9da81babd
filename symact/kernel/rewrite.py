"""Other ways to write a piece, so that one of them loses no digits.

A piece is looked at on a half line, as an expression in t = |x| > 0. Its normal form at infinity holds only powers of
decaying exponentials of t and functions of small or moderate arguments; there, SymPy cancels exactly what would
cancel in floating point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sympy import (
    AccumBounds,
    Add,
    Dummy,
    Expr,
    Function,
    Integer,
    Mul,
    Poly,
    PolynomialError,
    Pow,
    Rational,
    Symbol,
    atan,
    cancel,
    cosh,
    coth,
    erf,
    erfc,
    exp,
    expand,
    factor,
    factorial,
    fraction,
    horner,
    log,
    nan,
    oo,
    pi,
    powsimp,
    sech,
    sinh,
    sqrt,
    tanh,
    together,
    zoo,
)
from sympy.codegen.cfunctions import log1p

from symact.symbolic.exponentials import number_and_rest, rates
from symact.symbolic.forms import cost, too_large


class erfcx(Function):  # type: ignore[misc]  # noqa: N801  (named like the function it is, as SymPy's own are)
    """exp(u**2)*erfc(u), an opaque atom for the rewriting."""


class gauss(Function):  # type: ignore[misc]  # noqa: N801
    """exp(-u**2/2), an opaque atom for the rewriting."""


#: An expanded form may be so much longer than the factored one, by `symact.symbolic.forms.cost`.
_LONGER = 4


class bell(Function):  # type: ignore[misc]  # noqa: N801
    """exp(-u**2), an opaque atom for the rewriting."""


#: What SymPy gives for a value that is none.
_UNDEFINED = (nan, zoo, oo, -oo, AccumBounds)

#: Up to which power of an exponential a tail is looked for.
_LOWEST = 4


@dataclass(frozen=True)
class Form:
    """One way to write a piece.

    Attributes:
        rule: the name of the way, for the record.
        expression: in t, the parameters and the names in `where`.
        where: names for shared values, each an expression in t and the parameters: {E: exp(-t)}.
    """

    rule: str
    expression: Expr
    where: Mapping[Symbol, Expr] = field(default_factory=dict)

    @property
    def plain(self) -> Expr:
        """The expression without names; what they stand for may have names in it."""
        expression = self.expression
        while not expression.free_symbols.isdisjoint(self.where):
            expression = expression.subs(self.where)
        return expression


@lru_cache(maxsize=64)
def forms(expression: Expr, t: Symbol) -> tuple[Form, ...]:
    """The ways to write an expression in t > 0, the plain text first."""
    return tuple(_forms(expression, t))


def _forms(expression: Expr, t: Symbol) -> Iterator[Form]:
    yield Form("as written", expression)
    slope = expression / t
    if slope.is_Rational and not _is_dyadic(slope):
        near = Integer(2) ** round(log(abs(slope), 2)) * (1 if slope > 0 else -1)
        yield Form("near multiple and rest", Add(near * t, (slope - near) * t, evaluate=False))
    if too_large(expression):
        return
    yield from _normal_forms("", expression, t)
    yield from _one_exponential(expression, t)
    inverted = _atan_of_inverse(expression, t)
    if inverted != expression:
        yield from _normal_forms("inverse atan, ", inverted, t)
    apart = _split_logarithms(expression, t)
    if apart is not None:
        yield apart
    without_root = _conjugated(together(expression))
    if without_root is not None:
        yield Form("conjugate", without_root)
        yield from _variants("conjugate, ", without_root, t, {})


def _one_exponential(expression: Expr, t: Symbol) -> Iterator[Form]:
    """exp(a)*exp(b) as exp(a + b), where one of them has an exponential in its exponent: no 0*inf, and one rounding."""
    combined = powsimp(expression, combine="exp", force=True)
    nested = [part for part in Mul.make_args(combined) if isinstance(part, exp) and part.args[0].has(exp)]
    if len(nested) == 1:
        letter = Dummy("E", positive=True)
        others = (part for part in Mul.make_args(combined) if part != nested[0])
        yield Form("one exponential", Mul(letter, *others), {letter: nested[0]})


def _normal_forms(prefix: str, expression: Expr, t: Symbol) -> Iterator[Form]:
    """The ways to write an expression's normal form; none where it has none."""
    normal = _NormalForm(t)
    try:
        reduced = cancel(together(normal(expression)))
    except (PolynomialError, NotImplementedError):
        return
    yield from _variants(prefix, reduced, t, normal.names)


def _variants(prefix: str, reduced: Expr, t: Symbol, where: Mapping[Symbol, Expr]) -> Iterator[Form]:
    """The ways to write a rational expression in t and the named exponentials."""
    yield from _arrangements(f"{prefix}decaying" if where else f"{prefix}factored", reduced, t, where)
    yield from _by_denominator(f"{prefix}by the denominator", reduced, where)
    yield from _in_reciprocal(f"{prefix}reciprocal", reduced, t, where)
    main = without(reduced, where)
    if main is not None and main not in (0, reduced):
        rest = factor(cancel(together(reduced - main)))
        yield Form("main term and rest", Add(main, rest, evaluate=False), where)
        numerator, denominator = fraction(rest)
        yield Form("main term and rest, Horner", Add(main, _nested(numerator, t) / denominator, evaluate=False), where)


def far_out(expression: Expr, t: Symbol) -> Form | None:
    """The lowest power of the one decaying exponential with its exact coefficient, to which all of a tail comes.

    As a factor by itself the exponential need not be a normal number where the product is one; inside of a function it
    has to be. None where there is no such tail.
    """
    normal = _NormalForm(t)
    reduced = normal.named(expression)
    if len(normal.names) != 1:
        return None
    (letter,) = normal.names
    for power in range(_LOWEST + 1):
        coefficient = (reduced.diff(letter, power) if power else reduced).subs(letter, 0)
        if coefficient.has(*_UNDEFINED):
            return None
        coefficient = factor(cancel(together(coefficient))) / factorial(power)
        if coefficient != 0:
            return Form("lowest power", coefficient * letter**power, normal.names) if power else None
    return None


def with_power_outside(expression: Expr, t: Symbol) -> Iterator[Form]:
    """The ways to write what grows as a power of t with all the rest computed first: only the whole may overflow."""
    for form in forms(expression, t):
        power = form.expression.as_powers_dict().get(t, Integer(0))
        if power.is_positive:
            rest = Dummy("rest")
            where = {**form.where, rest: form.expression / t**power}
            yield Form(f"{form.rule}, power outside", t**power * rest, where)


def _atan_of_inverse(expression: Expr, t: Symbol) -> Expr:
    """atan(u) as pi/2 - atan(1/u) where u grows with t: what cancels pi/2 is then gone."""

    def turned(u: Expr) -> Expr:
        growing = bool(u.subs(t, 10**6) > 10**3) if u.free_symbols == {t} else False
        return pi / 2 - atan(1 / u) if growing else atan(u)

    return expression.replace(atan, turned)


def _conjugated(expression: Expr) -> Expr | None:
    """(a + b*sqrt(c))/d as (a^2 - b^2*c)/((a - b*sqrt(c))*d): where a and the root cancel, nothing does any more."""
    numerator, denominator = fraction(expression)
    for part in Mul.make_args(numerator):
        roots = [term for term in Add.make_args(part) if any(_is_root(f) for f in Mul.make_args(term))]
        if isinstance(part, Add) and len(roots) == 1:
            (root,) = roots
            rest = part - root
            return factor(expand(rest**2 - root**2)) / (rest - root) * (numerator / part) / denominator
    return None


def _is_root(node: Expr) -> bool:
    return isinstance(node, Pow) and node.exp == Rational(1, 2) and bool(node.base.free_symbols)


def without(expression: Expr, where: Mapping[Symbol, Expr]) -> Expr | None:
    """What is left of an expression where every named exponential is 0; None where that is not defined."""
    nested = {letter: value for letter, value in where.items() if not value.free_symbols.isdisjoint(where)}
    left = expression.subs(nested).subs(dict.fromkeys(where, 0))
    return None if left.has(*_UNDEFINED) else left


def _arrangements(rule: str, expression: Expr, t: Symbol, where: Mapping[Symbol, Expr]) -> Iterator[Form]:
    """A rational expression factored, with nested numerator, and as it is."""
    factored = factor(expression)
    yield Form(rule, factored if where else _turned(factored), where)
    numerator, denominator = fraction(factored)
    nested = _nested(numerator, t) / denominator
    if nested != factored:
        yield Form(f"{rule}, Horner", nested, where)
    if expression != factored and cost(expression) <= cost(factored) + _LONGER:
        yield Form(f"{rule}, expanded", expression, where)


def _by_denominator(rule: str, expression: Expr, where: Mapping[Symbol, Expr]) -> Iterator[Form]:
    """N/D^m as (A + B*q)*q^(m-1) with q = 1/D: one division, of few terms, where N has many.

    D is a polynomial in one of the named exponentials; A are the first terms of N/D, from the highest power on or from
    the lowest.
    """
    numerator, denominator = fraction(factor(expression))
    for part in Mul.make_args(denominator):
        base, power = part.as_base_exp()
        letters = base.free_symbols
        if not (base.is_Add and power.is_Integer and power > 1 and len(letters) == 1 and letters <= where.keys()):
            continue
        (letter,) = letters
        if not (numerator.is_polynomial(letter) and base.is_polynomial(letter)):  # inside of a function, say
            continue
        above, below = Poly(numerator, letter), Poly(base, letter)
        least = min(degree for (degree,) in above.monoms())
        above = above.quo(Poly(letter**least, letter))
        outside = letter**least * part / denominator
        q = Dummy("q", positive=True)
        for upwards in (False, True):
            whole, rest = _divided(above, below, upwards=upwards)
            if whole != 0 and rest != 0:
                name = f"{rule}, upwards" if upwards else rule
                yield Form(name, outside * q ** (power - 1) * Add(whole, rest * q), {**where, q: 1 / base})


def _divided(above: Poly, below: Poly, *, upwards: bool) -> tuple[Expr, Expr]:
    """As many terms of a quotient as come from the highest powers down or from the lowest up, and the rest."""
    (letter,) = above.gens
    order = -1 if upwards else 1
    left, divisor = above.all_coeffs()[::order], below.all_coeffs()[::order]
    powers = [letter**power for power in range(len(left))][::-order]
    terms = max(len(left) - len(divisor) + 1, 0)
    whole: Expr = Integer(0)
    for place in range(terms):
        term = left[place] / divisor[0]
        whole += term * powers[place if upwards else place + len(divisor) - 1]
        for offset, coefficient in enumerate(divisor):
            left[place + offset] = expand(left[place + offset] - term * coefficient)
    rest = Add(*(number * power for number, power in zip(left, powers, strict=True)))
    return factor(whole), factor(rest)


def _turned(product: Expr) -> Expr:
    """-c*(a - b) as c*(b - a), which is +0 where a and b are the same, as an exact root has to be."""
    coefficient, rest = product.as_coeff_Mul()
    factors = list(Mul.make_args(rest))
    sums = [index for index, part in enumerate(factors) if part.is_Add]
    if coefficient >= 0 or not sums:
        return product
    factors[next((index for index in sums if _is_difference(factors[index])), sums[0])] *= -1
    return Mul(-coefficient, *factors, evaluate=False)


def _is_difference(terms: Expr) -> bool:
    """Whether some terms of a sum count positively and some negatively, so that it may vanish for t > 0."""
    return len({bool(number > 0) for number in terms.as_coefficients_dict().values()}) == 2


def _in_reciprocal(rule: str, expression: Expr, t: Symbol, where: Mapping[Symbol, Expr]) -> Iterator[Form]:
    """In r = 1/t outside of functions: an algebraic tail then neither overflows nor stops early.

    A growing power stays one of t, for 1/t loses digits where t is largest.
    """
    if fraction(expression)[1].has(t) or any(_is_root(node) for node in expression.atoms(Pow)):
        r = Dummy("r", positive=True)
        opaque = {node: Dummy() for node in expression.atoms(Function)}
        inverted = _inverted(expression.xreplace(opaque), t, r)
        power = inverted.as_powers_dict().get(r, Integer(0))
        if power.is_negative:
            inverted = t ** (-power) * (inverted / r**power)
        functions = {letter: node for node, letter in opaque.items()}
        yield Form(rule, inverted.xreplace(functions), {**where, r: 1 / t})


def _inverted(expression: Expr, t: Symbol, r: Symbol) -> Expr:
    """An algebraic expression in t as one in r = 1/t, factored."""
    inverted = expression.subs(t, 1 / r).replace(_is_root, lambda root: sqrt(factor(root.base)))
    return factor(cancel(together(inverted)))


def _split_logarithms(expression: Expr, t: Symbol) -> Form | None:
    """log(u) as k*log(t) + log(u/t^k), the latter in r = 1/t, where u has roots or powers in it: they overflow."""
    r = Dummy("r", positive=True)

    def split(u: Expr) -> Expr:
        if u.has(Function) or not any(_is_root(node) or node.exp > 1 for node in u.atoms(Pow)):
            return log(u)
        inverted = _inverted(u, t, r)
        power = inverted.as_powers_dict().get(r, Integer(0))
        return log(cancel(inverted / r**power)) - power * log(t)

    written = expression.replace(log, split)
    return Form("logarithm apart", written, {r: 1 / t}) if written.has(r) else None


def _nested(numerator: Expr, t: Symbol) -> Expr:
    """Sums among the factors of a numerator by Horner's rule in t, where they are polynomials in it."""

    def nest(part: Expr) -> Expr:
        if isinstance(part, Add) and part.has(t) and part.is_polynomial(t):
            return horner(part, t)
        return part

    return Mul(*map(nest, Mul.make_args(numerator)))


class _NormalForm:
    """Rewrites bottom-up; ``names`` collects the decaying exponentials, {E: exp(-t)}."""

    def __init__(self, t: Symbol) -> None:
        self.t = t
        self.names: dict[Symbol, Expr] = {}
        self._rates: dict[Expr, Rational] = {}
        self._letters: dict[Expr, Symbol] = {}

    def __call__(self, expression: Expr) -> Expr:
        plain = _in_exponentials(expression, self._large)
        self._rates.update(rates(plain, self.t))
        return self._rewrite(plain)

    def named(self, expression: Expr) -> Expr:
        """The decaying exponentials by their names, in exponents too, and everything else as it is."""
        self._rates.update(rates(expression, self.t))
        return expression.replace(exp, self._exponential)

    def _large(self, argument: Expr) -> int:
        """The sign of an argument for large t: 1, -1, or 0 where it is not known."""
        if argument.is_positive:
            return 1
        if argument.is_negative:
            return -1
        values = {s: Integer(1) for s in argument.free_symbols - {self.t}}
        value = argument.subs(values).subs(self.t, 1000).evalf(10)
        return int(bool(value > 0)) - int(bool(value < 0)) if value.is_real else 0

    # Exponentials of one exponent up to a rational factor become powers of one letter -----------------------------

    def _exponential(self, argument: Expr) -> Expr:
        result: Expr = Integer(1)
        left: list[Expr] = []
        for term in Add.make_args(expand(argument)):
            number, rest = number_and_rest(term)
            rate = self._rates.get(rest)
            if rate is None:
                left.append(term)
                continue
            if rest not in self._letters:
                letter = Dummy("E", positive=True)
                self._letters[rest] = letter
                self.names[letter] = _decaying(rate, rest, self.t)
            result *= self._letters[rest] ** (-number / rate * self._orientation(rest))
        return result * exp(Add(*left)) if left else result

    def _orientation(self, rest: Expr) -> int:
        return 1 if self._large(rest) >= 0 else -1

    def _rewrite(self, expression: Expr) -> Expr:
        if not expression.args or not expression.has(self.t):
            return expression
        if isinstance(expression, exp):
            argument = self._rewrite(expression.args[0]) if expression.args[0].has(log) else expression.args[0]
            return self._exponential(argument)
        arguments = [self._rewrite(a) for a in expression.args]
        if isinstance(expression, log):
            return self._logarithm(cancel(together(arguments[0])))
        if isinstance(expression, erf | erfc):
            return self._error_function(expression, arguments[0])
        return expression.func(*arguments)

    def _logarithm(self, argument: Expr) -> Expr:
        """log of a rational expression: what grows comes out, what tends to 1 becomes log1p."""
        outside: Expr = Integer(0)
        inside: Expr = Integer(1)
        for part in Mul.make_args(factor(argument)):
            base, power = part.as_base_exp()
            if base in self.names:
                outside += power * self.names[base].args[0] if isinstance(self.names[base], exp) else power * log(base)
            else:
                inside *= part
        base, power = inside.as_base_exp()
        if power.is_negative:  # of a quotient with nothing above, that of what is below
            return outside + power * self._of_rest(base)
        return outside + self._of_rest(inside)

    def _of_rest(self, inside: Expr) -> Expr:
        """log of what neither grows nor vanishes."""
        main = without(inside, self.names)
        if main is not None and main.is_positive and main.is_number:
            return log(main) + log1p(cancel(inside / main - 1))
        if isinstance(inside, Add) and Integer(1) in inside.args:
            return log1p(inside - 1)
        return log(inside)

    def _error_function(self, node: Expr, argument: Expr) -> Expr:
        """erf and erfc of a growing argument through its erfc, a Gaussian times erfcx where the split is exact."""
        side = self._large(argument)
        if side == 0 or argument.has(*self.names):
            return node.func(argument)
        u = argument * side
        small = self._complement(u)
        if isinstance(node, erf):
            return side * (1 - small)
        return small if side > 0 else 2 - small

    def _complement(self, u: Expr) -> Expr:
        scale = expand(sqrt(2) * u / self.t)
        if _is_dyadic(scale):
            rate, rest = Rational(1, 2) * scale**2, self.t**2
            if rest not in self._rates:
                self._rates[rest] = rate
            return self._exponential(-rate * rest) * erfcx(u)
        return erfc(u)


def _decaying(rate: Rational, rest: Expr, t: Symbol) -> Expr:
    """exp(-rate*rest); a Gaussian where the exponent is a square, or half of one, of a dyadic multiple of t."""
    if rest == t**2:
        for function, scale in ((gauss, sqrt(2 * rate)), (bell, sqrt(rate))):
            if _is_dyadic(scale):
                return function(scale * t)
    return exp(-rate * rest)


def _is_dyadic(scale: Expr) -> bool:
    """Whether a multiple by the number is exact in binary arithmetic: a power of two."""
    return bool(scale.is_Rational and scale.p & (scale.p - 1) == 0 and scale.q & (scale.q - 1) == 0)


def _in_exponentials(expression: Expr, large: Any) -> Expr:
    """Hyperbolic functions through exponentials that decay; atan of a growing argument through that of its inverse."""
    if not expression.args:
        return expression
    arguments = [_in_exponentials(a, large) for a in expression.args]
    if isinstance(expression, tanh | coth | sinh | cosh | sech):
        u = arguments[0]
        side = large(u) or 1
        decay = exp(-2 * side * u)
        if isinstance(expression, tanh):
            return side * (1 - decay) / (1 + decay)
        if isinstance(expression, coth):
            return side * (1 + decay) / (1 - decay)
        if isinstance(expression, sech):
            return 2 * exp(-side * u) / (1 + decay)
        return (exp(u) - exp(-u)) / 2 if isinstance(expression, sinh) else (exp(u) + exp(-u)) / 2
    return expression.func(*arguments)
