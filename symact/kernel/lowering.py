"""From a form to steps: the only place where SymPy expressions become programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from sympy import (
    Add,
    Expr,
    Function,
    Integer,
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
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from sympy.codegen.cfunctions import log1p

from symact.errors import Error
from symact.kernel.arithmetic import Arithmetic
from symact.kernel.products import product
from symact.kernel.program import LIFT, Builder
from symact.kernel.rewrite import bell, erfcx, gauss

#: SymPy's functions that are one operation.
DIRECT: dict[type[Function], str] = {
    sin: "sin",
    cos: "cos",
    tan: "tan",
    sinh: "sinh",
    cosh: "cosh",
    tanh: "tanh",
    asin: "asin",
    acos: "acos",
    atan: "atan",
    asinh: "asinh",
    acosh: "acosh",
    atanh: "atanh",
    erf: "erf",
    erfc: "erfc",
    log1p: "log1p",
    erfcx: "erfcx",
    gauss: "gauss",
    bell: "bell",
}

#: exp(-u) is 0 in double precision for u beyond this.
_ZERO_BEYOND = 1024

#: By this is less what `decay_lifted` and its like give.
_UNLIFT = f"1/{2**LIFT}"

#: The factor above and below of scaled quotients.
_SCALE = f"1/{2**32}"

#: What stands for infinity where an exponential is 0: 2^64 times as much is no number any more.
_CAP = 2**126

#: Significant decimal digits with which an irrational constant is written.
_DIGITS = 40


@dataclass(frozen=True)
class Style:
    """How products and quotients are evaluated.

    Attributes:
        stepwise: divide by one factor of a denominator after the other, so that no product of them overflows.
        halves: multiply by a decaying exponential in two halves around the rest, so that a tail keeps its digits where
            the exponential alone is already subnormal.
        settled: where a decaying exponential has become 0, give what is left without it; no 0*inf can then occur.
        exact: put right the rounding of a decaying exponential's exponent, which its size would multiply.
        scaled: what is divided by is made smaller by a power of two, and the result in the end, so that no product
            below overflows (quick arithmetic, and pairs, which need the errors of products).

    For quick arithmetic alone:

        lifted: multiply by a decaying exponential that is 2^64 times as large, and by 2^-64 in the end, which is as
            good for a tail as halves, with one exponential that has no factor to make it subnormal.
        apart: the same in two factors, a power of two and 1 + z: a product a*(1 + z) is a + a*z, rounded once.
        flushed: take 0 for a decaying exponential that is no normal number.
        capped: take a number in place of infinity for what halves or lifted exponentials multiply, which is cheaper
            than settled.
        quick: take the operations that quick arithmetic has besides.
    """

    stepwise: bool = False
    halves: bool = False
    settled: bool = False
    exact: bool = False
    scaled: bool = False
    lifted: bool = False
    apart: bool = False
    flushed: bool = False
    capped: bool = False
    quick: bool = False


class Lowering:
    """Writes expressions into a `Builder`; an expression met twice is one step."""

    def __init__(
        self,
        builder: Builder,
        leaves: Mapping[Symbol, int],
        where: Mapping[Symbol, Expr],
        style: Style,
        arithmetic: Arithmetic,
    ) -> None:
        self._b = builder
        self._arithmetic = arithmetic
        self._where = dict(where)
        self._exponents: set[Expr] | None = None
        self._style = style
        self._done: dict[Expr, int] = dict(leaves)

    def __call__(self, expression: Expr) -> int:
        """The index of the step that computes an expression.

        Raises:
            Error: a function for which there is no operation.
        """
        if self._exponents is None:  # of the whole, before any part of it is written
            every = [node for e in (expression, *self._where.values()) for node in e.atoms(exp)]
            self._exponents = {inner for node in every for inner in node.args[0].atoms(exp)}
        if expression not in self._done:
            self._done[expression] = self._lower(expression)
        return self._done[expression]

    def settled(self, step: int, main: Expr | None, negative: bool) -> int:
        """A step with what is left of it where every decaying exponential is 0.

        Args:
            step: the computed value.
            main: the expression without the exponentials; None where that is not defined.
            negative: the sign of the zero to give where `main` is 0.
        """
        decaying = [letter for letter, value in self._where.items() if isinstance(value, exp | gauss | bell)]
        if not decaying or main is None:
            return step
        small = [self._half(e) if self._splits(e) else self._lifted(e) if self._lifts(e) else self(e) for e in decaying]
        gone = self._b("eq", self._chain("add", small), self._b.const(0))  # none of them is negative
        rest = self(main) if main != 0 else self._b("neg", small[0]) if negative else small[0]
        return self._b("select", gone, rest, step)

    def _lower(self, e: Expr) -> int:
        if e in self._where:
            if self._lifts(e):
                return self._b("mul", self._lifted(e), self._b.const(_UNLIFT))
            return self._halved(e) if self._splits(e) else self._decaying(self._where[e])
        if not e.free_symbols:
            return self._constant(e)
        if isinstance(e, Add):
            return self._sum(e)
        if isinstance(e, Mul) or (isinstance(e, Pow) and self._style.quick and is_negative_power(e)):
            return self._product(e)
        if isinstance(e, Pow):
            return self._power(e.base, e.exp)
        if isinstance(e, exp):
            long = self._arithmetic.is_wide and e in (self._exponents or ())
            return self._b("exp_long" if long else "exp", self(e.args[0]))
        if isinstance(e, log):
            return self._logarithm(e.args[0])
        if isinstance(e, log1p) and self._is_decaying(e.args[0]):
            return self._b("log1p_unit", self(e.args[0]))
        if isinstance(e, log1p):
            return self._log1p(e.args[0])
        if isinstance(e, erfcx) and self._style.quick:
            return self._erfcx(e.args[0])
        if e.func in DIRECT:
            return self._b(DIRECT[e.func], self(e.args[0]))
        raise Error(f"there is no kernel for {e.func.__name__}: no target computes it", "analyze works without kernels")

    def _log1p(self, a: Expr) -> int:
        positive = "log1p_positive" in self._arithmetic.functions and bool(a.is_nonnegative)
        return self._b("log1p_positive" if positive else "log1p", self(a))

    def _erfcx(self, a: Expr) -> int:
        """By less where an exponential beside it is 0 for large a."""
        for value in self._where.values():
            if isinstance(value, gauss) and value.args[0] == sqrt(2) * a:
                return self._b("erfcx_half", self(value.args[0]))
        return self._b("erfcx", self(a))

    def _is_decaying(self, e: Expr) -> bool:
        """Whether an expression is a power of one of the named exponentials: between 0 and 1."""
        base, power = e.as_base_exp()
        return isinstance(self._where.get(base), exp | gauss | bell) and bool(power.is_positive)

    def _constant(self, e: Expr) -> int:
        """A number."""
        if e.is_Rational:
            return self._b.const(str(e))
        return self._b.const(_decimals(e))

    # Sums -------------------------------------------------------------------------------------------------------------

    def _sum(self, e: Add) -> int:
        """Positive terms first, then the negative ones are subtracted; c - c*exp(u) is -c*expm1(u)."""
        terms = ordered(e)
        constant = next((term for term in terms if term.is_Rational), None)
        if constant is not None:
            for term in terms:
                shifted = self._expm1(term, constant)
                if shifted is not None:
                    rest = [other for other in terms if other not in (term, constant)]
                    return self._total(rest, shifted, negative=constant > 0)
        return self._total(terms)

    def _expm1(self, term: Expr, constant: Rational) -> int | None:
        """|constant|*expm1(u) where the term is -constant*exp(u), else None."""
        argument = as_expm1(term, constant, self._where)
        if argument is None:
            return None
        step = self._b("expm1", self(argument))
        size = abs(constant)
        return step if size == 1 else self._b("mul", self._constant(size), step)

    def _total(self, terms: list[Expr], start: int | None = None, negative: bool = False) -> int:
        plus = [term for term in terms if not is_negative(term)]
        minus = [term for term in terms if is_negative(term)]
        added = [self(term) for term in plus]
        taken = [self(-term) for term in minus]
        if start is not None:
            (taken if negative else added).append(start)
        if not added:
            return self._b("neg", self._chain("add", taken))
        total = self._chain("add", added)
        for step in taken:
            total = self._b("sub", total, step)
        return total

    def _chain(self, operation: str, steps: list[int]) -> int:
        total, *rest = steps
        for step in rest:
            total = self._b(operation, total, step)
        return total

    # Products ---------------------------------------------------------------------------------------------------------

    def _product(self, e: Mul) -> int:
        # Where a rounding more or less does not matter, all numbers make one.
        free = self._style.quick or self._arithmetic.is_wide
        coefficient, rest = e.as_independent(*e.free_symbols, as_Add=False) if free else e.as_coeff_Mul()
        above: list[Expr] = []
        below: list[Expr] = []
        outer: list[int] = []
        lifted: list[Symbol] = []
        for part in Mul.make_args(rest):
            base, power = part.as_base_exp()
            if isinstance(part, exp):
                base, power = part, Integer(1)
            if is_negative_power(part):
                below += self._spread(base, -power)
            elif self._splits(base) and power.is_Integer:
                outer += [self._half(base)] * int(power)
            elif self._lifts(base) and power.is_Integer:
                lifted += [base] * int(power)
            else:
                above += self._spread(base, power)
        if self._style.quick and (lifted or abs(coefficient) != 1):
            for index, part in enumerate(above):
                common, above[index] = _leading_out(part)
                coefficient *= common
        steps = [self(part) for part in above] + ([] if self._style.quick else outer)
        if not steps:
            steps = [self._constant(abs(coefficient))]
            coefficient = S.One if coefficient > 0 else -S.One
        value = self._chain("mul", steps)
        if self._style.quick:
            below.sort(key=_is_more_than_one)
        divisors = [self(part) for part in below]
        if divisors and self._style.scaled:
            scale = self._b.const(_SCALE)
            large = self._with_square(below[0], scale) if len(divisors) == 1 else None
            divisors[0] = self._b("mul", scale, divisors[0]) if large is None else large
            value = self._b("mul", scale, value)
        if len(divisors) > 1 and not self._style.stepwise:
            divisors = [self._one_divisor(below, divisors)]
        value = self._chain("div", [value, *divisors])
        if abs(coefficient) != 1 and not lifted:
            value = self._b("mul", self._constant(abs(coefficient)), value)
        if (outer or lifted) and (above or below) and self._style.capped:
            value = self._b("cut", value, self._b.const(_CAP))
        # A quick half is a normal number: its place does not matter.
        for half in outer * (2 if self._style.quick else 1):
            value = self._b("mul", value, half)
        size = abs(coefficient)
        for letter in lifted:  # the number comes last, in one constant with 2^-64
            value = self._b("mul", self._times_lifted(value, letter), self._constant(size / 2**LIFT))
            size = S.One
        return self._b("neg", value) if coefficient < 0 else value

    def _one_divisor(self, factors: Sequence[Expr], steps: Sequence[int]) -> int:
        """A product of factors; in quick arithmetic p*(1 + u) with u >= 0 is p*u + p, which is rounded once."""
        total, *rest = steps
        for factor, step in zip(factors[1:], rest, strict=True):
            if self._style.quick and _is_more_than_one(factor):
                total = self._b("add", self._b("mul", total, self(factor - 1)), total)
            else:
                total = self._b("mul", total, step)
        return total

    def _spread(self, base: Expr, power: Expr) -> list[Expr]:
        """A power as factors: stepwise evaluation divides by each of them."""
        if power.is_Integer and 1 < power <= 4 and self._style.stepwise:
            return [base] * int(power)
        return [base if power == 1 else Pow(base, power)]

    def _splits(self, letter: Expr) -> bool:
        return isinstance(self._where.get(letter), exp | gauss | bell) and self._style.halves

    def _lifts(self, letter: Expr) -> bool:
        return isinstance(self._where.get(letter), exp | gauss | bell) and self._style.lifted

    def _lifted(self, letter: Symbol) -> int:
        if self._style.apart:
            power = self._large(letter, "power")
            return self._b("add", self._b("mul", power, self._large(letter, "rest")), power)
        return self._large(letter, "lifted")

    def _times_lifted(self, value: int, letter: Symbol) -> int:
        if not self._style.apart:
            return self._b("mul", value, self._lifted(letter))
        scaled = self._b("mul", value, self._large(letter, "power"))
        return self._b("add", self._b("mul", scaled, self._large(letter, "rest")), scaled)

    def _large(self, letter: Symbol, part: str) -> int:
        """A decaying exponential that is 2^64 times as large, or a part of it."""
        value = self._where[letter]
        if isinstance(value, exp):
            return self._decaying(value, f"decay_{part}")
        return self._b(f"{DIRECT[value.func]}_{part}", self(value.args[0]))

    def _half(self, letter: Symbol) -> int:
        """The square root of a decaying exponential; that of exp(-a^2/2) is exp(-(a/2)^2)."""
        value = self._where[letter]
        (argument,) = value.args
        if isinstance(value, exp):  # where the half is subnormal, the whole is 0 for long
            return self._decaying(exp(argument / 2), "decay_flushed" if self._style.quick else "decay")
        return self._b("bell", self(argument / 2)) if isinstance(value, gauss) else self._b("gauss", self(argument))

    def _decaying(self, value: Expr, operation: str | None = None) -> int:
        """A named exponential; with an exact exponent where that is a product of a number and positive symbols."""
        if not isinstance(value, exp):
            return self(value)
        factors = Mul.make_args(-value.args[0])
        symbols = [f.as_base_exp() for f in factors if not f.is_number]
        whole = all(base.is_Symbol and power.is_Integer and power > 0 for base, power in symbols)
        b = self._b
        operation = operation or ("decay_flushed" if self._style.flushed else "decay")
        if not (whole and self._style.exact):
            return b(operation, self(-value.args[0]))
        exponent, error = product(b, [self(base) for base, power in symbols for _ in range(int(power))])
        number = Mul(*(f for f in factors if f.is_number))
        if number.is_Rational and number.p & (number.p - 1) == 0 and number.q & (number.q - 1) == 0:
            exponent = exponent if number == 1 else b("mul", self._constant(number), exponent)
            error = error if error is None or number == 1 else b("mul", self._constant(number), error)
        else:
            rounded = Rational(self._arithmetic.format.nearest(Fraction(str(number.evalf(_DIGITS)))))
            remainder = (number - rounded).evalf(_DIGITS)
            scale = self._constant(number)
            scaled, own = product(b, [scale, exponent])
            assert own is not None
            own = b("add", own, b("mul", exponent, self._constant(remainder))) if remainder != 0 else own
            error = own if error is None else b("add", own, b("mul", error, scale))
            exponent = scaled
        result = b(operation, exponent)
        if error is None or operation == "decay_power":
            return result
        # Beyond, the exponential is 0, and the error may be no number any more.
        error = b("select", b("lt", exponent, b.const(_ZERO_BEYOND)), error, b.const(0))
        lost = b("mul", result, error)
        return b("sub", result, b("add", lost, error) if operation == "decay_rest" else lost)

    def _halved(self, letter: Symbol) -> int:
        half = self._half(letter)
        return self._b("mul", half, half)

    def _power(self, base: Expr, power: Expr) -> int:
        square = self._with_square(base**power, self._b.const(1)) if self._style.quick else None
        if square is not None:
            return square
        if power.is_Integer and power > 0:
            return self._repeated(self(base), int(power))
        if power.is_Integer:
            return self._b("div", self._b.const(1), self._repeated(self(base), -int(power)))
        if power.is_Rational and power.q == 2:
            root = self._b("sqrt", self(base))
            value = self._repeated(root, abs(int(power.p)))
            return value if power > 0 else self._b("div", self._b.const(1), value)
        return self._b("pow", self(base), self(power))

    def _with_square(self, e: Expr, scale: int) -> int | None:
        """A power of two times (1 + u)^2 or 1 + u^2, where the square alone would overflow; None for anything else.

        The first is u*(2 + u) + 1, for the rounding of 1 + u would count twice.
        """
        base, power = e.as_base_exp()
        if not (isinstance(base, Add) and len(base.args) == 2 and S.One in base.args):
            return None
        u, b = base - 1, self._b
        if power == 2 and u.is_nonnegative:
            first, second = self(u), b("add", self(u), b.const(2))
        elif power == 1 and u.is_Pow and u.exp == 2:
            first = second = self(u.base)
        else:
            return None
        return b("add", b("mul", b("mul", scale, first), second), scale)

    def _repeated(self, step: int, count: int) -> int:
        """A positive integer power by squaring."""
        if count == 1:
            return step
        half = self._repeated(step, count // 2)
        square = self._b("mul", half, half)
        return self._b("mul", square, step) if count % 2 else square

    def _logarithm(self, argument: Expr) -> int:
        if isinstance(argument, Add) and S.One in argument.args:
            return self._log1p(argument - 1)
        return self._b("log", self(argument))


def as_expm1(term: Expr, constant: Rational, where: Mapping[Symbol, Expr]) -> Expr | None:
    """u where a term is -constant*exp(u), so that both together are -constant*expm1(u); else None."""
    coefficient, power = term.as_coeff_Mul()
    if coefficient != -constant:
        return None
    base, count = power.as_base_exp() if not isinstance(power, exp) else (power, Integer(1))
    value = where.get(base, base)
    return count * value.args[0] if isinstance(value, exp) and count.is_Integer else None


def ordered(e: Add) -> list[Expr]:
    """The terms in an order that no SymPy version changes: constants last, else by their text."""
    return sorted(e.args, key=lambda term: (term.is_number, _text(term)))


def _is_more_than_one(factor: Expr) -> bool:
    """Whether a factor is written as 1 and something that is not negative."""
    return isinstance(factor, Add) and S.One in factor.args and bool((factor - 1).is_nonnegative)


def _leading_out(e: Expr) -> tuple[Expr, Expr]:
    """A sum as a number times one whose first term has no number, if every term of it has one; else 1 and what came."""
    if not isinstance(e, Add):
        return S.One, e
    first, *others = (abs(t.as_independent(*t.free_symbols, as_Add=False)[0]) for t in ordered(e) if t.free_symbols)
    if not others or S.One in (first, *others):
        return S.One, e
    return first, Add(*(term / first for term in e.args))


@lru_cache(maxsize=1 << 10)
def _decimals(constant: Expr) -> str:
    """An irrational constant as text."""
    return str(constant.evalf(_DIGITS))


@lru_cache(maxsize=1 << 14)
def _text(term: Expr) -> str:
    """The text of a term, which takes long and is asked for in every style."""
    return str(term)


def is_negative_power(e: Expr) -> bool:
    power = e.as_base_exp()[1]
    return not isinstance(e, exp) and bool(power.is_Rational and power.is_negative)


def is_negative(term: Expr) -> bool:
    return bool(term.as_coeff_Mul()[0].is_negative)
