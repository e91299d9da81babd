"""From a form to steps in pairs of numbers: slower than `symact.kernel.lowering`, and right where that loses digits."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from sympy import Add, Dummy, Expr, Function, Mul, Pow, S, Symbol, atan, erf, exp, log, sqrt
from sympy.codegen.cfunctions import log1p

from symact.errors import Error
from symact.kernel.functions.exponential import LESS
from symact.kernel.lowering import DIRECT, as_expm1, is_negative, ordered
from symact.kernel.pairs import VANISHES, Ends, Pair, Pairs
from symact.kernel.program import Builder
from symact.kernel.rewrite import bell, erfcx, gauss

#: Significant decimal digits of an irrational constant.
_DIGITS = 45

#: What may be above the first, and is not below 1, is made so many times smaller.
_LARGE, _SMALLER = 2**900, 2**128

#: A number beside an exponential is not larger than this, and not smaller than its inverse.
_FAR = S(2**64)

#: Beyond these u exp(-u^2/2) and exp(-u^2) are 0.
_ROOTS = {gauss: Fraction(46), bell: Fraction(65, 2)}

#: What is nothing in the place of infinity once it is multiplied by such a 0, and no product of it overflows.
_CAP = 2**300


class PairedLowering:
    """Writes expressions into a `Builder`, each step a pair of numbers.

    A decaying exponential that multiplies the whole is a pair between 1/2 and 2 and powers of two, the last of which is
    multiplied in the end: so a tail keeps its digits where the exponential alone is already subnormal. The sign comes
    after that, for sums of small parts lose that of a zero.
    """

    def __init__(
        self,
        builder: Builder,
        leaves: Mapping[Symbol, int],
        where: Mapping[Symbol, Expr],
        scaled: bool = False,
        pairs: type[Pairs] = Pairs,
    ) -> None:
        """`scaled` says to make large what is divided by and has no function in it smaller, and the result in the end.

        Products then stay where their errors can be computed: those of the largest numbers cannot. `pairs` says whose
        functions are taken.
        """
        self._b = builder
        self._scaled = scaled
        self._pairs = pairs(builder)
        self._where = dict(where)
        self._inner: set[Expr] | None = None
        self._done: dict[Expr, Pair] = {
            symbol: Pair(step, None, Ends(0.0) if symbol.is_nonnegative else Ends()) for symbol, step in leaves.items()
        }

    def cap(self, variable: Symbol) -> None:
        """Let a variable be no larger than where all decaying exponentials are 0: infinity times that is no number.

        Where parameters say where that is, it is no larger than 2^300, which is not much beside any such 0.
        """
        ends = [_end_of(self._where[letter], variable) for letter in self._where if self._decays(letter)]
        if ends:
            self._done[variable] = self._pairs.below(self._done[variable], max(ends))

    def __call__(self, expression: Expr) -> int:
        """The index of the step that computes an expression.

        Raises:
            Error: a function for which there is no operation.
        """
        if self._inner is None:  # of the whole, before any part of it is written
            functions = {node for e in (expression, *self._where.values()) for node in e.atoms(Function)}
            self._inner = {inner for node in functions for inner in node.args[0].atoms(log, log1p)}
        if is_negative(expression):
            return self._b("neg", self._positive(-expression))
        return self._positive(expression)

    def _positive(self, expression: Expr) -> int:
        quotient = self._by_exponential(expression)
        if quotient is not None:
            return quotient
        bases = [(f, f.as_base_exp()) for f in Mul.make_args(expression)]
        below = [f for f, (base, power) in bases if power.is_negative and base.free_symbols and self._is_plain(base)]
        if not (self._scaled and below):
            return self._single(expression)
        b, divisor, scaled = self._b, self._pair(1 / Mul(*below)), Dummy()
        scale = b.const(f"1/{_SMALLER}")
        if divisor.nearest < 1:
            near = b("lt", b("abs", divisor.high), b.const(_LARGE))
            scale = b("select", near, b.const(1), scale)
        ends = Ends(0.0) if divisor.ends.least >= 0 else Ends()
        self._done[scaled] = self._pairs.scale(divisor, scale)._replace(ends=ends)
        return b("mul", self._single(expression / Mul(*below) / scaled), scale)

    def _by_exponential(self, expression: Expr) -> int | None:
        """a/(c + exp(u)), c > 0 and not far from 1, with what is divided by made 2^512 times smaller.

        No exponential is infinite then, so that a tail needs no form of its own. a is a number, or u is positive and a
        nowhere negative: what is above is kept from infinity. None for anything else, and where sums are not scaled.
        """
        if not self._pairs.scales_sums:
            return None
        beside = {part: _exponent_beside_number(1 / part) for part in Mul.make_args(expression)}
        found = [(part, *each) for part, each in beside.items() if each is not None]
        if len(found) != 1:
            return None
        ((part, number, exponent),) = found
        pairs, above = self._pairs, expression / part
        if above.free_symbols and not (exponent.is_positive and above.is_nonnegative):
            return None
        divisor = pairs.sum_with_exp(Fraction(str(number)), self._pair(exponent))
        dividend = pairs.below(self._pair(above), _CAP) if above.free_symbols else self._pair(above)
        return self._b("mul", pairs.rounded(pairs.divide(dividend, divisor)), self._b.const(LESS))

    def _is_plain(self, e: Expr) -> bool:
        return not e.has(Function) and not any(letter in e.free_symbols for letter in self._where)

    def _single(self, expression: Expr) -> int:
        factors = Mul.make_args(expression)
        outer = [f for f in factors if self._is_power_of_decaying(f)]
        if outer:
            return self._with_outer(Mul(*(f for f in factors if f not in outer)), outer)
        return self._pairs.rounded(self._pair(expression))

    def settled(self, step: int, main: Expr | None, negative: bool) -> int:
        """A step with what is left of it where every decaying exponential is 0, as `Lowering.settled` does."""
        decaying = [letter for letter in self._where if self._decays(letter)]
        if not decaying or main is None:
            return step
        inside, *others = map(self._is_more_than_0, decaying)
        for other in others:
            inside = self._b("or", inside, other)
        zero = self._b.const(0)
        rest = self._pairs.rounded(self._pair(main)) if main != 0 else self._b("neg", zero) if negative else zero
        return self._b("select", inside, step, rest)

    def _with_outer(self, rest: Expr, outer: list[Expr]) -> int:
        """rest times powers of decaying exponentials, which are one exponential together."""
        total: Pair | None = None
        for factor in outer:
            letter, power = factor.as_base_exp()
            exponent = self._exponent(letter)
            if power != 1:
                exponent = self._pairs.multiply(exponent, self._pair(power))
            total = exponent if total is None else self._pairs.add(total, exponent)
        assert total is not None
        fraction, scales = self._pairs.decay(total)
        result = self._pairs.rounded(self._pairs.multiply(self._pair(rest), fraction))
        for scale in scales:
            result = self._b("mul", result, scale)
        return result

    def _decays(self, letter: Expr) -> bool:
        return isinstance(self._where.get(letter), exp | gauss | bell)

    def _is_power_of_decaying(self, factor: Expr) -> bool:
        base, power = factor.as_base_exp()
        return self._decays(base) and bool(power.is_Integer and power > 0)

    def _exponent(self, letter: Expr) -> Pair:
        """u where a letter stands for exp(-u)."""
        value = self._where[letter]
        (argument,) = value.args
        if isinstance(value, exp):
            return self._pair(-argument)
        root = self._pairs.below(self._pair(argument), _ROOTS[value.func])
        square = self._pairs.multiply(root, root)
        return self._pairs.multiply(square, self._pair(S.Half)) if isinstance(value, gauss) else square

    def _is_more_than_0(self, letter: Expr) -> int:
        """Whether a decaying exponential is more than 0, as a step."""
        value = self._where[letter]
        if isinstance(value, exp):
            return self._b("lt", self._exponent(letter).high, self._b.const(VANISHES))
        return self._b("lt", self._pair(value.args[0]).high, self._b.const(_ROOTS[value.func]))

    def _pair(self, e: Expr) -> Pair:
        if e not in self._done:
            self._done[e] = self._lower(e)
        return self._done[e]

    def _lower(self, e: Expr) -> Pair:
        pairs = self._pairs
        if self._decays(e):
            return pairs.decayed(self._exponent(e))
        if e in self._where:
            return self._pair(self._where[e])
        if not e.free_symbols:
            return pairs.constant(Fraction(str(e if e.is_Rational else e.evalf(_DIGITS))))
        if isinstance(e, Add):
            return self._sum(e)
        if isinstance(e, Mul):
            return self._product(e)
        if isinstance(e, Pow):
            return self._power(e.base, e.exp)
        if isinstance(e, exp):
            return pairs.exp(self._pair(e.args[0]))
        if isinstance(e, log | log1p):
            return self._logarithm(e)
        if isinstance(e, atan):
            return pairs.atan(self._pair(e.args[0]))
        if isinstance(e, erf):
            return pairs.erf(self._pair(e.args[0]))
        if isinstance(e, erfcx):
            longer = sqrt(2) * e.args[0]
            return pairs.erfcx_half(self._pair(longer)) if _is_easy(longer) else pairs.erfcx(self._pair(e.args[0]))
        if e.func in DIRECT:  # good to about a unit in the last place
            return Pair(self._b(DIRECT[e.func], pairs.rounded(self._pair(e.args[0]))))
        raise Error(f"there is no arithmetic with pairs for {e.func.__name__}")

    def _logarithm(self, e: Expr) -> Pair:
        """A logarithm, exact enough for a function that it may be the argument of."""
        (argument,) = e.args
        long = e in (self._inner or ())
        if isinstance(e, log1p):
            return self._pairs.log1p(self._pair(argument), long=long)
        if isinstance(argument, Add) and S.One in argument.args:
            return self._pairs.log1p(self._pair(argument - 1), long=long)
        return self._pairs.log(self._pair(argument), long=long)

    def _sum(self, e: Add) -> Pair:
        terms = ordered(e)
        total: Pair | None = None
        constant = next((term for term in terms if term.is_Rational), S.Zero)
        shifted = None
        for term in terms:
            shifted = as_expm1(term, constant, self._where)
            if shifted is not None:
                terms = [other for other in terms if other not in (term, constant)]
                break
        if shifted is not None:
            total = self._pairs.expm1_of_negative(self._pair(-shifted))
            total = self._pairs.multiply(total, self._pair(abs(constant))) if abs(constant) != 1 else total
            total = self._pairs.negative(total) if constant > 0 else total
        plus = [term for term in terms if not is_negative(term)]
        minus = [-term for term in terms if is_negative(term)]
        if len(minus) > 1:  # which may be there already
            minus = [Add(*minus)]
        values = [*map(self._pair, plus), *(self._pairs.negative(self._pair(term)) for term in minus)]
        for value in sorted(values, key=lambda pair: pair.farthest):  # of small numbers it is known which is larger
            total = value if total is None else self._pairs.add(total, value)
        assert total is not None
        return total

    def _product(self, e: Mul) -> Pair:
        pairs = self._pairs
        coefficient, rest = e.as_independent(*e.free_symbols, as_Add=False)
        size, whole = abs(coefficient), _with_coefficient(abs(coefficient), rest)
        if whole is not None:
            value = self._pair(whole)
        else:
            above: list[Expr] = []
            below: list[Expr] = []
            for part in Mul.make_args(rest):
                base, power = part.as_base_exp()
                if isinstance(part, exp) or not (power.is_Rational and power.is_negative):
                    above.append(part)
                else:
                    below.append(base ** (-power))
            if size != 1 or not above:
                above.append(size)
            value = self._chain(above)
            if below:
                value = pairs.divide(value, self._chain(below))
        return pairs.negative(value) if coefficient < 0 else value

    def _chain(self, factors: list[Expr]) -> Pair:
        first, *rest = (self._pair(factor) for factor in sorted(factors, key=lambda f: (not f.is_number, str(f))))
        for factor in rest:
            first = self._pairs.multiply(first, factor)
        return first

    def _power(self, base: Expr, power: Expr) -> Pair:
        if not power.is_Rational or power.q > 2:
            raise Error("a power that is no multiple of 1/2 has no arithmetic with pairs")
        if power < 0:
            return self._pairs.divide(Pair(self._b.const(1)), self._pair(Pow(base, -power)))
        value = self._pair(base) if power.q == 1 else self._pairs.sqrt(self._pair(base))
        return self._repeated(value, int(power.p))

    def _repeated(self, value: Pair, count: int) -> Pair:
        """A positive integer power by squaring."""
        if count == 1:
            return value
        half = self._repeated(value, count // 2)
        square = self._pairs.multiply(half, half)
        return self._pairs.multiply(square, value) if count % 2 else square


def _end_of(value: Expr, variable: Symbol) -> Fraction:
    """The last number for which a decaying exponential is computed as such; 2^300 where that depends on parameters."""
    (argument,) = value.args
    rate = abs(argument / variable)
    if not rate.is_number:
        return Fraction(_CAP)
    end = _ROOTS.get(value.func, Fraction(VANISHES)) / Fraction(str(rate.evalf(_DIGITS)))
    return Fraction(int(end * 8), 8)


def _exponent_beside_number(e: Expr) -> tuple[Expr, Expr] | None:
    """c and u for c + exp(u), c > 0 and not far from 1; None for anything else."""
    number, power = e.as_coeff_Add()
    return (number, power.args[0]) if 1 / _FAR <= number <= _FAR and isinstance(power, exp) else None


def _with_coefficient(coefficient: Expr, rest: Expr) -> Expr | None:
    """A number times a sum with the number in its terms, where fewer of them are products then; else None."""
    if not isinstance(rest, Add) or coefficient == 1:
        return None
    terms = [coefficient * term for term in rest.args]
    before, after = (sum(not _is_easy(term) for term in every) for every in (rest.args, terms))
    return Add(*terms) if after < before else None


def _is_easy(e: Expr) -> bool:
    """Whether an expression is a number, or times a power of two at most."""
    number = e.as_independent(*e.free_symbols, as_Add=False)[0] if e.free_symbols else S.One
    return bool(number.is_Rational and (abs(number.p) & (abs(number.p) - 1)) == 0 and (number.q & (number.q - 1)) == 0)
