"""Asymptotic series over a scale of growing functions, exact and lazy.

A `Scale` is a list of generators, positive functions of ``t`` that tend to oo, each growing faster than every power
of the next: exp(exp(t)), exp(t), t, log(t), log(log(t)). A `Series` is a sum of falling real powers of one generator,
with coefficients that are series in slower generators (at the bottom: constants). It knows its exact closed form too,
by which an endless cancellation is recognised. exp and log extend the scale when they must.

The method is that of multiseries: D. Gruntz, "On computing limits in a symbolic manipulation system", 1996;
D. Richardson, B. Salvy, J. Shackell, J. van der Hoeven, "Asymptotic expansions of exp-log functions", 1996;
M. Eberl, "Verified real asymptotics in Isabelle/HOL", 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, reduce
from heapq import heappop, heappush
from itertools import count
from operator import add

import mpmath
from sympy import Add, Expr, Mul, Rational, S, Symbol, exp, expand, expand_mul, factorial, lambdify, log, simplify

#: A power and what it is multiplied with.
Term = tuple[Expr, "Series"]

#: After so many coefficients in a row that cancel, the closed form is asked whether all that follow do.
_PATIENCE = 4

#: Terms that one scale may compute before it gives up.
_BUDGET = 20_000

#: How many powers of a series may go to oo inside exp.
_MOST_POWERS = 40


class UndecidedError(Exception):
    """The asymptotic behaviour could not be derived; the message says why."""


class OscillatingError(UndecidedError):
    """A trigonometric function of something that tends to infinity."""


@lru_cache(maxsize=4096)
def sign_of(constant: Expr) -> int:
    """The sign of a real constant, -1, 0 or 1; symbols in it are decided by their assumptions.

    Raises:
        UndecidedError: the constant is not real, or cannot be told from 0.
    """
    if constant.is_Rational:
        return int(constant.p > 0) - int(constant.p < 0)
    if constant.free_symbols:
        if constant.is_positive or constant.is_negative:
            return 1 if constant.is_positive else -1
    else:
        # Most constants show their sign at once; what does not is either 0 or needs many digits.
        for digits in (60, 2000):
            value = constant.evalf(15, maxn=digits)
            if value.is_Float and value.is_comparable:
                return 1 if value > 0 else -1
            if value.is_extended_real is False or value.is_finite is False:
                raise UndecidedError(f"{constant} is not a real number")
            if expand(constant) == 0:
                return 0
    if simplify(constant) == 0:
        return 0
    raise UndecidedError(f"the sign of {constant} is not decided")


def _guarded_exp(value: mpmath.mpf) -> mpmath.mpf:
    if mpmath.mag(value) > 10_000:
        raise UndecidedError("a number is too large to compute with")
    return mpmath.exp(value)


def vanishes(expression: Expr) -> bool:
    """Whether an analytic expression is 0 everywhere, judged by how its values shrink as the digits grow.

    At a true zero the computed value is pure rounding error and falls with the working precision. This is no proof;
    whatever is built on it is checked by an independent computation.
    """
    if expression.is_zero:
        return True
    symbols = sorted(expression.free_symbols, key=str)
    function = lambdify(symbols, expression, [{"exp": _guarded_exp}, "mpmath"])

    def size(point: int, digits: int) -> mpmath.mpf:
        with mpmath.workdps(digits):
            # From e to 3: there log(log(t)) is real, and exp(exp(t)) small enough for its powers to be seen.
            places = [2 + mpmath.mpf(7 + point) / (9 + k) for k in range(len(symbols))]
            try:
                return abs(function(*places))
            except (ArithmeticError, ValueError, TypeError, NameError) as error:
                raise UndecidedError(f"{expression} could not be evaluated") from error

    tiny = mpmath.mpf(10) ** -100
    return all(size(point, 720) <= (size(point, 240) or mpmath.mpf(10) ** -240) * tiny for point in range(3))


class Generator:
    """One function of a scale.

    Attributes:
        expression: its closed form in t.
        log: the series of its logarithm; None for t and its iterated logarithms until it is asked for.
    """

    def __init__(self, expression: Expr, log: Series | None = None) -> None:
        self.expression = expression
        self.log = log


class Scale:
    """The generators, fastest first; all series that are combined share one scale."""

    def __init__(self, t: Symbol) -> None:
        self.t = t
        self.generators = [Generator(t)]
        self._budget = _BUDGET

    def spend(self) -> None:
        """Count one computed term.

        Raises:
            UndecidedError: there were too many.
        """
        self._budget -= 1
        if self._budget < 0:
            raise UndecidedError("the leading term lies too deep")

    def faster(self, a: Generator | None, b: Generator | None) -> bool:
        """Whether a grows faster than b; None stands for a constant."""
        if a is None or a is b:
            return False
        return b is None or self.generators.index(a) < self.generators.index(b)

    def constant(self, value: Expr) -> Series:
        """A constant as a series."""
        return Series(self, None, iter(()), lambda: value, value)

    def power_of(self, generator: Generator, exponent: Expr = S.One) -> Series:
        """generator**exponent."""
        if exponent == 0:
            return self.constant(S.One)
        terms = iter([(exponent, self.constant(S.One))])
        return Series(self, generator, terms, lambda: generator.expression**exponent)

    def log_of(self, generator: Generator) -> Series:
        """The logarithm of a generator; that of the slowest becomes a new generator."""
        if generator.log is None:
            slower = Generator(log(generator.expression))
            self.generators.append(slower)
            generator.log = self.power_of(slower)
        return generator.log


class Series:
    """A sum of falling powers of the generator ``top`` with coefficients in slower generators, or a constant."""

    def __init__(
        self,
        scale: Scale,
        top: Generator | None,
        terms: Iterator[Term],
        exact: Callable[[], Expr],
        value: Expr = S.Zero,
    ) -> None:
        self.scale = scale
        self.top = top
        self.value = value
        self._exact = exact
        self._closed: Expr | None = None
        self._source = self._nonzero(terms)
        self._known: list[Term] = []

    @property
    def exact(self) -> Expr:
        """The closed form in t."""
        if self._closed is None:
            self._closed = self._exact()
        return self._closed

    def _nonzero(self, terms: Iterator[Term]) -> Iterator[Term]:
        cancelled = 0
        for exponent, coefficient in terms:
            self.scale.spend()
            if not coefficient.is_zero():
                cancelled = 0
                yield exponent, coefficient
                continue
            cancelled += 1
            if cancelled % _PATIENCE == 0 and vanishes(self.exact - self._sum(self._known)):
                return

    def _sum(self, terms: list[Term]) -> Expr:
        assert self.top is not None
        return Add(*(c.exact * self.top.expression**e for e, c in terms))

    def term(self, index: int) -> Term | None:
        """The term number ``index``, or None past the end."""
        while len(self._known) <= index:
            following = next(self._source, None)
            if following is None:
                return None
            self._known.append(following)
        return self._known[index]

    def terms(self, start: int = 0) -> Iterator[Term]:
        """All terms from number ``start`` on."""
        for index in count(start):
            term = self.term(index)
            if term is None:
                return
            yield term

    def is_zero(self) -> bool:
        """Whether there is nothing."""
        return sign_of(self.value) == 0 if self.top is None else self.term(0) is None

    def leading(self) -> tuple[Expr, list[tuple[Generator, Expr]]]:
        """The leading term: its constant, and the generators with their exponents, fastest first; 0 and [] for zero."""
        if self.top is None:
            return self.value, []
        first = self.term(0)
        if first is None:
            return S.Zero, []
        exponent, coefficient = first
        constant, powers = coefficient.leading()
        return constant, ([(self.top, exponent)] if exponent != 0 else []) + powers

    def leading_exponent(self) -> Expr:
        """The highest power of ``top``; 0 for a constant and for nothing."""
        first = None if self.top is None else self.term(0)
        return S.Zero if first is None else first[0]

    def sign(self) -> int:
        """The eventual sign, -1, 0 or 1."""
        return sign_of(self.leading()[0])

    def magnitude(self) -> int:
        """1 if the series tends to oo or -oo, 0 if to a constant other than 0, -1 if to 0."""
        constant, powers = self.leading()
        if powers:
            return sign_of(powers[0][1])
        return 0 if sign_of(constant) else -1

    def limit(self) -> Expr:
        """The limit: a constant, oo or -oo."""
        size = self.magnitude()
        if size > 0:
            return S.Infinity * self.sign()
        return S.Zero if size < 0 else self.leading()[0]

    # Sums and products ----------------------------------------------------------------------------------------

    def _lifted(self, top: Generator | None) -> Series:
        """The same as a series in a generator that is at least as fast."""
        if self.top is top:
            return self
        return Series(self.scale, top, iter([(S.Zero, self)]), lambda: self.exact)

    def _top_with(self, other: Series) -> Generator | None:
        return other.top if self.scale.faster(other.top, self.top) else self.top

    def __add__(self, other: Series) -> Series:
        top = self._top_with(other)
        if top is None:
            return self.scale.constant(expand_mul(self.value + other.value))
        terms = _merged(self._lifted(top), other._lifted(top))
        return Series(self.scale, top, terms, lambda: self.exact + other.exact)

    def __mul__(self, other: Series) -> Series:
        top = self._top_with(other)
        if top is None:
            return self.scale.constant(_product(self.value, other.value))
        if self.top is not other.top:
            many, one = (self, other) if self.top is top else (other, self)
            terms: Iterator[Term] = ((e, c * one) for e, c in many.terms())
        else:
            terms = _collected(_rows_of_product(self, other))
        return Series(self.scale, top, terms, lambda: self.exact * other.exact)

    def __neg__(self) -> Series:
        return self * self.scale.constant(S.NegativeOne)

    def __sub__(self, other: Series) -> Series:
        return self + -other

    def since(self, start: int) -> Series:
        """What is left without the first ``start`` terms."""
        return Series(
            self.scale,
            self.top,
            self.terms(start),
            lambda: self.exact - self._sum(self._known[:start]),
        )

    # Functions ------------------------------------------------------------------------------------------------

    def _factored(self) -> tuple[Expr, Series, Series]:
        """exponent, coefficient and small, where the series is top**exponent * coefficient * (1 + small)."""
        first = self.term(0)
        if first is None:
            raise UndecidedError("a division by zero, or its logarithm")
        exponent, coefficient = first
        inverse = coefficient.inverse()
        terms = ((e - exponent, c * inverse) for e, c in self.terms(1))
        assert self.top is not None
        head = self.top.expression**exponent
        small = Series(self.scale, self.top, terms, lambda: self.exact / (head * coefficient.exact) - 1)
        return exponent, coefficient, small

    def inverse(self) -> Series:
        """The reciprocal."""
        return self.power(S.NegativeOne)

    def power(self, exponent: Expr) -> Series:
        """A constant real power.

        Raises:
            UndecidedError: a negative series to a power that is no integer, or 0 to a negative one.
        """
        if self.top is None:
            if sign_of(self.value) < (0 if sign_of(exponent) > 0 else 1) and not (
                exponent.is_integer and sign_of(self.value)
            ):
                raise UndecidedError(f"({self.value})**({exponent}) is not real")
            return self.scale.constant(self.value**exponent)
        power, coefficient, small = self._factored()
        head = self.scale.power_of(self.top, power * exponent) * coefficient.power(exponent)

        def binomial(n: int) -> Expr | None:
            if exponent.is_Integer and 0 <= exponent < n:
                return None
            return Mul(*(exponent - k for k in range(n))) / factorial(n)

        return head * small.composed(binomial, lambda: (1 + small.exact) ** exponent)

    def composed(self, coefficient: Callable[[int], Expr | Series | None], exact: Callable[[], Expr]) -> Series:
        """The power series with these coefficients at this series, all of whose powers of ``top`` are negative.

        Args:
            coefficient: a constant, or a series with no positive power of ``top``, for each n; None is the end.
            exact: the closed form of the result.
        """

        def rows() -> Iterator[tuple[Expr, Iterator[Term]]]:
            power = self.scale.constant(S.One)._lifted(self.top)
            for n in count():
                factor = coefficient(n)
                if factor is None or (n and self.is_zero()):
                    return
                if not isinstance(factor, Series):
                    factor = self.scale.constant(factor)
                power = power * self if n else power
                bound = n * self.leading_exponent() if n else S.Zero
                yield bound, iter([(bound, factor)]) if factor.is_zero() else (factor * power).terms()

        return Series(self.scale, self.top, _collected(rows()), exact)

    def split(self) -> tuple[Series, Series, Series]:
        """The parts with positive, zero and negative powers of ``top``."""
        assert self.top is not None
        index = 0
        large: list[Term] = []
        for exponent, coefficient in self.terms():
            if sign_of(exponent) <= 0:
                break
            large.append((exponent, coefficient))
            index += 1
            if index > _MOST_POWERS:
                raise UndecidedError(f"more than {_MOST_POWERS} growing terms in an exponent")
        middle = self.scale.constant(S.Zero)
        term = self.term(index)
        if term is not None and term[0] == 0:
            middle = term[1]
            index += 1
        return (
            Series(self.scale, self.top, iter(large), lambda: self._sum(large)),
            middle,
            self.since(index),
        )

    def exp(self) -> Series:
        """The exponential; where it is comparable with no generator it becomes one."""
        if self.top is None:
            return self.scale.constant(exp(self.value))
        large, middle, small = self.split()
        if large.is_zero():
            return middle.exp() * small._exp_of_small()
        constant, powers = large.leading()
        for generator in self.scale.generators:
            if generator.log is None:
                continue
            other, other_powers = generator.log.leading()
            if powers == other_powers:
                ratio = constant / other
                rest = self - generator.log * self.scale.constant(ratio)
                return self.scale.power_of(generator, ratio) * rest.exp()
        sign = large.sign()
        grown = self._insert(large if sign > 0 else -large)
        return self.scale.power_of(grown, S(sign)) * middle.exp() * small._exp_of_small()

    def _exp_of_small(self) -> Series:
        return self.composed(lambda n: 1 / factorial(n), lambda: exp(self.exact))

    def _insert(self, logarithm: Series) -> Generator:
        """The new generator exp(logarithm), put where it belongs."""
        generators = self.scale.generators
        position = next(
            index
            for index, generator in enumerate(generators)
            if generator.log is None or (logarithm * generator.log.inverse()).magnitude() > 0
        )
        grown = Generator(exp(logarithm.exact), logarithm)
        generators.insert(position, grown)
        return grown

    def log(self) -> Series:
        """The natural logarithm.

        Raises:
            UndecidedError: the series is not eventually positive.
        """
        if self.top is None:
            if sign_of(self.value) <= 0:
                raise UndecidedError(f"log({self.value}) is not real")
            return self.scale.constant(log(self.value))
        exponent, coefficient, small = self._factored()

        def mercator(n: int) -> Expr:
            return Rational((-1) ** (n + 1), n) if n else S.Zero

        near = small.composed(mercator, lambda: log(1 + small.exact))
        return self.scale.log_of(self.top) * self.scale.constant(exponent) + coefficient.log() + near


def _product(a: Expr, b: Expr) -> Expr:
    return S.Zero if a == 0 or b == 0 else a * b


def _merged(a: Series, b: Series) -> Iterator[Term]:
    i = j = 0
    while True:
        left, right = a.term(i), b.term(j)
        if left is None:
            yield from b.terms(j)
            return
        if right is None:
            yield from a.terms(i)
            return
        order = sign_of(left[0] - right[0])
        if order > 0:
            yield left
        elif order < 0:
            yield right
        else:
            yield left[0], left[1] + right[1]
        i += order >= 0
        j += order <= 0


class _Falling:
    """What waits in a heap of rows: the one with the largest exponent comes out first."""

    def __init__(self, exponent: Expr, coefficient: Series, row: Iterator[Term]) -> None:
        self.exponent = exponent
        self.coefficient = coefficient
        self.row = row

    def __lt__(self, other: _Falling) -> bool:
        return sign_of(self.exponent - other.exponent) > 0


def _collected(rows: Iterator[tuple[Expr, Iterator[Term]]]) -> Iterator[Term]:
    """The sum of rows of terms; each comes with its highest exponent, and these fall strictly.

    A row is asked for, and a term of it, only when nothing higher is left: the next term may be hard to find.
    """
    heap: list[_Falling] = []
    reached: Expr | None = None
    waiting = next(rows, None)

    def push(row: Iterator[Term]) -> None:
        term = next(row, None)
        if term is not None:
            heappush(heap, _Falling(*term, row))

    while True:
        while not heap or heap[0].exponent != reached:
            if waiting is None:
                waiting = next(rows, None)
            if waiting is None or (heap and sign_of(waiting[0] - heap[0].exponent) < 0):
                break
            reached = waiting[0]
            push(waiting[1])
            waiting = None
        if not heap:
            return
        group = [heappop(heap)]
        while heap and sign_of(heap[0].exponent - group[0].exponent) == 0:
            group.append(heappop(heap))
        yield group[0].exponent, reduce(add, (one.coefficient for one in group))
        for one in group:
            push(one.row)


def _rows_of_product(a: Series, b: Series) -> Iterator[tuple[Expr, Iterator[Term]]]:
    highest = b.leading_exponent()
    for exponent, coefficient in a.terms():
        yield exponent + highest, _row(exponent, coefficient, b)


def _row(exponent: Expr, factor: Series, series: Series) -> Iterator[Term]:
    return ((exponent + e, factor * c) for e, c in series.terms())
