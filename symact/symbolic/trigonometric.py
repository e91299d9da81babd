"""Sums of bounded functions of sines and cosines, of something infinite, times functions that have a leading term."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

from sympy import (
    Add,
    Dummy,
    Expr,
    Max,
    Min,
    Mul,
    Pow,
    S,
    Symbol,
    atan,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    expand_trig,
    sin,
    sinh,
    tanh,
)

from symact.symbolic.expansion import Expansion
from symact.symbolic.leading import Leading, leading_of
from symact.symbolic.series import OscillatingError, Series, UndecidedError

#: The highest power of a sum that is multiplied out, and the highest multiple of a phase.
_HIGHEST = 4

#: Functions that are continuous on the whole line.
_ENTIRE = (exp, sin, cos, sinh, cosh, tanh, atan, erf, erfc)


@dataclass(frozen=True)
class TrigonometricSum:
    """The sum of coefficients times bounded functions of sines and cosines whose arguments tend to infinity.

    Attributes:
        atoms: these sines and cosines.
        series: the coefficient of each bounded function, none of them 0.
    """

    atoms: frozenset[Expr]
    series: dict[Expr, Series]

    @cached_property
    def largest(self) -> Series:
        """The coefficient that grows fastest, or vanishes slowest; one of them where several do.

        Raises:
            UndecidedError: there is none.
        """
        if not self.series:
            raise UndecidedError("all terms cancel")
        first, *rest = self.series.values()
        largest = first
        for one in rest:
            if (one * largest.inverse()).magnitude() > 0:
                largest = one
        return largest

    @cached_property
    def dominant(self) -> dict[Expr, Expr]:
        """The bounded functions that count, with the limits of their coefficients over the largest one."""
        limits = {function: (s * self.largest.inverse()).limit() for function, s in self.series.items()}
        return {function: limit for function, limit in limits.items() if limit != 0}

    @property
    def leading(self) -> Leading | None:
        """The leading term of the whole, where no oscillating part counts; else None."""
        return leading_of(self.largest) if set(self.dominant) == {S.One} else None

    @property
    def limit(self) -> Expr | None:
        """The limit of the whole, where that can be told from the sizes of its parts; else None."""
        if self.largest.magnitude() < 0:
            return S.Zero
        return None if self.leading is None else self.leading.limit


def trigonometric_sum(g: Expr, t: Symbol) -> TrigonometricSum | None:
    """The function as such a sum for t -> oo; None where it is none.

    Raises:
        UndecidedError: the behaviour of a phase or of a coefficient could not be derived.
    """
    expansion = Expansion(t)
    g = _with_single_phases(g)
    marks = {a: Dummy() for a in g.atoms(sin, cos) if _is_infinite(expansion, a.args[0])}
    for sine in [a for a in marks if isinstance(a, sin)]:
        marks.setdefault(cos(*sine.args), Dummy())
    atoms = {mark: atom for atom, mark in marks.items()}
    squares = {mark: 1 - marks[cos(*atom.args)] ** 2 for mark, atom in atoms.items() if isinstance(atom, sin)}

    def reduced(factor: Expr) -> Expr:
        base, power = factor.as_base_exp()
        return base ** (power % 2) * squares[base] ** (power // 2) if base in squares and power.is_Integer else factor

    terms = (Mul(*map(reduced, Mul.make_args(term))) for term in _terms(g.xreplace(marks)))
    coefficients: dict[Expr, Expr] = {}
    for term in _terms(Add(*terms)):
        coefficient, function = _separated(term, frozenset(atoms))
        if not _is_bounded(function, frozenset(atoms)):
            return None
        function = function.xreplace(atoms)
        coefficients[function] = coefficients.get(function, S.Zero) + coefficient
    series = {function: expansion.of(coefficient) for function, coefficient in coefficients.items()}
    return TrigonometricSum(
        frozenset(atoms.values()), {function: one for function, one in series.items() if not one.is_zero()}
    )


def _with_single_phases(g: Expr) -> Expr:
    """The same without sines and cosines of a small multiple of a phase that occurs too: their sums may cancel."""
    phases = {atom.args[0] for atom in g.atoms(sin, cos)}
    multiples = {
        atom: expand_trig(atom)
        for atom in g.atoms(sin, cos)
        for coefficient, phase in [atom.args[0].as_coeff_Mul()]
        if phase in phases and coefficient.is_Integer and 1 < coefficient <= _HIGHEST
    }
    return g.xreplace(multiples)


def _is_infinite(expansion: Expansion, phase: Expr) -> bool:
    try:
        return expansion.of(phase).magnitude() > 0
    except OscillatingError:
        # A sine inside a sine: the inner one is marked, and the outer one is a bounded function of it or refused.
        return False


def _terms(expression: Expr) -> list[Expr]:
    """The terms of the expression multiplied out, in numerators only."""
    if isinstance(expression, Add):
        return [term for argument in expression.args for term in _terms(argument)]
    factors = Mul.make_args(expression)
    if isinstance(expression, Pow) and expression.exp.is_Integer and 0 < expression.exp <= _HIGHEST:
        factors = (expression.base,) * int(expression.exp)
    if len(factors) == 1:
        return [expression]
    return [Mul(*chosen) for chosen in product(*map(_terms, factors))]


def _separated(term: Expr, marks: frozenset[Expr]) -> tuple[Expr, Expr]:
    """The factors of a term without marks, and with them; the exponential of a sum is two factors."""
    coefficient, function = [], []
    for factor in Mul.make_args(term):
        if isinstance(factor, exp):
            free, bound = (exp(part) for part in factor.args[0].as_independent(*marks, as_Add=True))
        else:
            free, bound = factor.as_independent(*marks, as_Add=False)
        coefficient.append(free)
        function.append(bound)
    return Mul(*coefficient), Mul(*function)


def _is_bounded(expression: Expr, marks: frozenset[Expr]) -> bool:
    """Whether a function of marks, numbers between -1 and 1, is continuous for all of them; False if not known."""
    if expression in marks:
        return True
    if isinstance(expression, Pow) and expression.exp.is_Integer and expression.exp < 0:
        return _is_away_from_zero(expression.base, marks)
    if isinstance(expression, Pow):
        return bool(expression.exp.is_Integer) and _is_bounded(expression.base, marks)
    if expression.is_number:
        return True
    whole = isinstance(expression, (Add, Mul, *_ENTIRE))
    return whole and all(_is_bounded(argument, marks) for argument in expression.args)


def _is_away_from_zero(expression: Expr, marks: frozenset[Expr]) -> bool:
    """Whether a polynomial of marks keeps a distance from 0, judged term by term; False if not known."""
    least = largest = S.Zero
    for term in Add.make_args(expression):
        constant, monomial = term.as_independent(*marks, as_Add=False)
        powers = monomial.as_powers_dict() if monomial != 1 else {}
        if not all(mark in marks and power.is_Integer and power > 0 for mark, power in powers.items()):
            return False
        lowest = 1 if not powers else 0 if all(power.is_even for power in powers.values()) else -1
        ends = (lowest * constant, constant)
        least, largest = least + Min(*ends), largest + Max(*ends)
    return bool(least.is_positive or largest.is_negative)
