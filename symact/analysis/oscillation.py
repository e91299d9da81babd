"""Lasting oscillation, established by what dominates a trigonometric sum and by computed values.

The dominant part is a trigonometric sum with constant coefficients times one function: values that such a sum has
once it has, nearly, again and again.
"""

from __future__ import annotations

from flint import arb, ctx
from sympy import Add, Symbol, cos, diff, sin

from symact.analysis.gate import Measured
from symact.analysis.numbers import Evaluator, evaluator
from symact.symbolic.leading import leading_of
from symact.symbolic.trigonometric import TrigonometricSum

#: Witnesses are looked for near t = 2, 4, ..., 2**_SCALES, at so many points, this many to a turn of the slowest phase.
_SCALES, _POINTS, _PER_TURN = 12, 48, 16

#: On so many scales, the largest that can be computed, they have to be found.
_WITNESSES = 4

#: By how much of its amplitude the function has to swing.
_SWING = arb((1, -7))

_MOST_BITS = 5120


def oscillates(parts: TrigonometricSum, t: Symbol, measured: Measured) -> str | None:
    """Why a function oscillates for ever, derived and seen in computed values; None if that is not established.

    Args:
        parts: the function.
        t: the positive variable that tends to oo.
        measured: its values, computed in another way.
    """
    search = _Search(parts, measured, t)
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
    if parts.largest.magnitude() == 0 and all(high - low > _SWING for swings in last for low, high in swings):
        return f"values that stay apart {scales}"
    return None


class _Search:
    """Looks for the least and the largest values near a point, as parts of the amplitude."""

    def __init__(self, parts: TrigonometricSum, measured: Measured, t: Symbol) -> None:
        amplitude = leading_of(parts.largest).expression
        self._measured = measured
        self._amplitude = evaluator(amplitude, t)
        self._dominant = evaluator(Add(*(share * function for function, share in parts.dominant.items())), t)
        phases = {atom.args[0] for function in parts.dominant for atom in function.atoms(sin, cos) & parts.atoms}
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
