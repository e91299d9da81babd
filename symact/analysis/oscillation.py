"""Functions with a sine or cosine of something that tends to infinity.

They are written as a sum of bounded trigonometric monomials with coefficients that have leading terms. If the monomial
1 has the largest coefficient by far, its leading term is that of the whole. Otherwise the dominant part decides, a
trigonometric sum with constant coefficients times the largest one: values that such a sum has once it has, nearly,
again and again.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, ctx
from sympy import Add, Dummy, Expr, Mul, S, Symbol, cos, diff, sin

from symact.analysis.gate import Measured
from symact.analysis.numbers import Evaluator, evaluator
from symact.symbolic.expansion import Expansion
from symact.symbolic.leading import Leading, leading_of
from symact.symbolic.series import Series, UndecidedError

#: Witnesses are looked for near t = 2, 4, ..., 2**_SCALES, at so many points, this many to a turn of the slowest phase.
_SCALES, _POINTS, _PER_TURN = 12, 48, 16

#: On so many scales, the largest that can be computed, they have to be found.
_WITNESSES = 4

#: By how much of its amplitude the function has to swing.
_SWING = arb((1, -7))

_MOST_BITS = 5120


@dataclass(frozen=True)
class _TrigonometricSum:
    """The sum of coefficients times monomials in ``atoms``, sines and cosines whose arguments tend to infinity."""

    expansion: Expansion
    atoms: frozenset[Expr]
    coefficients: dict[Expr, Expr]


def _trigonometric_sum(g: Expr, t: Symbol) -> _TrigonometricSum | None:
    """The function as such a sum; None where it is none.

    Raises:
        UndecidedError: the behaviour of a phase could not be derived.
    """
    expansion = Expansion(t)
    wild = {a: Dummy() for a in g.atoms(sin, cos) if expansion.of(a.args[0]).magnitude() > 0}
    for sine in [a for a in wild if isinstance(a, sin)]:
        wild.setdefault(cos(*sine.args), Dummy())
    marks = {mark: atom for atom, mark in wild.items()}
    squares = {mark: 1 - wild[cos(*atom.args)] ** 2 for mark, atom in marks.items() if isinstance(atom, sin)}

    def reduced(factor: Expr) -> Expr:
        base, power = factor.as_base_exp()
        return base ** (power % 2) * squares[base] ** (power // 2) if base in squares and power.is_Integer else factor

    def expanded(expression: Expr) -> tuple[Expr, ...]:
        return Add.make_args(expression.expand(log=False, power_base=False, power_exp=False))

    terms = [Mul(*map(reduced, Mul.make_args(term))) for term in expanded(g.xreplace(wild))]
    coefficients: dict[Expr, Expr] = {}
    for term in expanded(Add(*terms)):
        coefficient, monomial = term.as_independent(*marks, as_Add=False)
        if not all(_is_power(factor, marks) for factor in Mul.make_args(monomial)):
            return None
        monomial = monomial.xreplace(marks)
        coefficients[monomial] = coefficients.get(monomial, S.Zero) + coefficient
    return _TrigonometricSum(expansion, frozenset(marks.values()), coefficients)


def _is_power(factor: Expr, marks: dict[Expr, Expr]) -> bool:
    base, power = factor.as_base_exp()
    return factor == 1 or (base in marks and power.is_Integer and power > 0)


def dominant_term(g: Expr, t: Symbol) -> Leading | None:
    """The leading term, if the oscillating parts are negligible; None if they are not.

    Raises:
        UndecidedError: a coefficient's behaviour could not be derived.
    """
    parts = _trigonometric_sum(g, t)
    if parts is None:
        return None
    largest, shares = _shares(parts)
    if set(shares) != {S.One}:
        return None
    return leading_of(largest)


def _shares(parts: _TrigonometricSum) -> tuple[Series, dict[Expr, Expr]]:
    """The largest coefficient, and the limits of all coefficients divided by it that are not 0."""
    series = {m: parts.expansion.of(c) for m, c in parts.coefficients.items()}
    series = {m: s for m, s in series.items() if not s.is_zero()}
    largest: Series | None = None
    for one in series.values():
        if largest is None or (one * largest**S.NegativeOne).magnitude() > 0:
            largest = one
    if largest is None:
        raise UndecidedError("everything cancels")
    limits = {m: (s * largest**S.NegativeOne).limit() for m, s in series.items()}
    return largest, {m: limit for m, limit in limits.items() if limit != 0}


def oscillates(g: Expr, t: Symbol, measured: Measured) -> str | None:
    """Why a function oscillates for ever, derived and seen in computed values; None if that is not established.

    Args:
        g: the function.
        t: the positive variable that tends to oo.
        measured: its values, computed in another way.

    Raises:
        UndecidedError: a coefficient's behaviour could not be derived.
    """
    parts = _trigonometric_sum(g, t)
    if parts is None:
        return None
    largest, shares = _shares(parts)
    search = _Search(parts, largest, shares, measured, t)
    found = []
    for exponent in range(1, _SCALES + 1):
        swings = search.near(arb(2) ** exponent)
        if swings is None:
            break
        found.append(swings)
    last = found[-_WITNESSES:]
    if len(last) < _WITNESSES:
        return None
    scales = f"near t = 2**{len(found) - _WITNESSES + 1}, ..., 2**{len(found)}"
    if all(low < -_SWING and high > _SWING for swings in last for low, high in swings):
        return f"values of both signs {scales}"
    if largest.magnitude() == 0 and all(high - low > _SWING for swings in last for low, high in swings):
        return f"values that stay apart {scales}"
    return None


class _Search:
    """Looks for the least and the largest values near a point, as parts of the amplitude."""

    def __init__(
        self, parts: _TrigonometricSum, largest: Series, shares: dict[Expr, Expr], measured: Measured, t: Symbol
    ) -> None:
        amplitude = leading_of(largest).expression
        self._measured = measured
        self._amplitude = evaluator(amplitude, t)
        self._dominant = evaluator(Add(*(share * monomial for monomial, share in shares.items())), t)
        phases = {atom.args[0] for monomial in shares for atom in monomial.atoms(sin, cos)}
        self._speeds: list[Evaluator] = [evaluator(diff(phase, t), t) for phase in phases]
        hazards = [diff(atom.args[0], t) for atom in parts.atoms] + [diff(amplitude, t) / amplitude]
        self._hazards: list[Evaluator] = [evaluator(hazard, t) for hazard in hazards]

    def near(self, point: arb) -> list[tuple[arb, arb]] | None:
        """(least, largest) of the dominant part and of the measured values; None where they cannot be computed."""
        dominant, measured = [], []
        for _ in range(_POINTS):
            with ctx.workprec(_MOST_BITS):
                point = point.mid()
                dominant.append(self._dominant(point))
                turn = min(abs(speed(point)).mid() for speed in self._speeds)
            seen = self._seen(point)
            if seen is None:
                return None
            measured.append(seen)
            with ctx.workprec(_MOST_BITS):
                point = point + 2 * arb.pi() / (_PER_TURN * turn)
        return [_extremes(dominant), _extremes(measured)]

    def _seen(self, point: arb) -> arb | None:
        bits = 320
        while bits <= _MOST_BITS:
            with ctx.workprec(bits):
                step = arb((1, -70)) / (1 / point + sum((abs(h(point)) for h in self._hazards), arb(0))).mid()
                seen = self._measured(point, step) / self._amplitude(point)
                if seen.is_finite() and seen.rad() < arb((1, -20)):
                    return seen
            bits *= 2
        return None


def _extremes(values: list[arb]) -> tuple[arb, arb]:
    least = largest = values[0]
    for value in values:
        least = value if value < least else least
        largest = value if value > largest else largest
    return least, largest
