"""Sums in which a sine or cosine of something infinite is multiplied with functions that have a leading term."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sympy import Add, Dummy, Expr, Mul, S, Symbol, cos, sin

from symact.symbolic.expansion import Expansion
from symact.symbolic.leading import Leading, leading_of
from symact.symbolic.series import Series, UndecidedError


@dataclass(frozen=True)
class TrigonometricSum:
    """The sum of coefficients times monomials in sines and cosines whose arguments tend to infinity.

    Attributes:
        atoms: these sines and cosines.
        series: the coefficient of each monomial, none of them 0.
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
        """The monomials that count, with the limits of their coefficients over the largest one."""
        limits = {m: (s * self.largest.inverse()).limit() for m, s in self.series.items()}
        return {monomial: limit for monomial, limit in limits.items() if limit != 0}

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
    marks = {a: Dummy() for a in g.atoms(sin, cos) if expansion.of(a.args[0]).magnitude() > 0}
    for sine in [a for a in marks if isinstance(a, sin)]:
        marks.setdefault(cos(*sine.args), Dummy())
    atoms = {mark: atom for atom, mark in marks.items()}
    squares = {mark: 1 - marks[cos(*atom.args)] ** 2 for mark, atom in atoms.items() if isinstance(atom, sin)}

    def reduced(factor: Expr) -> Expr:
        base, power = factor.as_base_exp()
        return base ** (power % 2) * squares[base] ** (power // 2) if base in squares and power.is_Integer else factor

    def is_monomial(factor: Expr) -> bool:
        base, power = factor.as_base_exp()
        return factor == 1 or (base in atoms and power.is_Integer and power > 0)

    terms = (Mul(*map(reduced, Mul.make_args(term))) for term in _terms(g.xreplace(marks)))
    coefficients: dict[Expr, Expr] = {}
    for term in _terms(Add(*terms)):
        coefficient, monomial = term.as_independent(*atoms, as_Add=False)
        if not all(map(is_monomial, Mul.make_args(monomial))):
            return None
        monomial = monomial.xreplace(atoms)
        coefficients[monomial] = coefficients.get(monomial, S.Zero) + coefficient
    series = {monomial: expansion.of(coefficient) for monomial, coefficient in coefficients.items()}
    return TrigonometricSum(
        frozenset(atoms.values()), {monomial: one for monomial, one in series.items() if not one.is_zero()}
    )


def _terms(expression: Expr) -> tuple[Expr, ...]:
    return Add.make_args(expression.expand(log=False, power_base=False, power_exp=False))  # type: ignore[no-any-return]
