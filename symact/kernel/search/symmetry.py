"""How the values on one half line follow from those on the other."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from itertools import product

import numpy as np
from sympy import Expr, Rational

from symact.kernel.search.line import Line, Region
from symact.kernel.search.sampling import Sampling

#: Where two expressions are compared: values of t, and of all parameters; and up to which difference of numbers of a
#: common size they are the same.
_SIZES, _VALUES = (Rational(3, 7), Rational(9, 5), Rational(31, 6)), (1, Rational(3, 5), 2)
_EQUAL = Rational(1, 10**20)


class Symmetry(Enum):
    """How the values on one half line follow from those on the other.

    f(-t) = f(t), f(-t) = -f(t), f(t) = t + f(-t), f(t) = 1 - f(-t).
    """

    NONE = auto()
    EVEN = auto()
    ODD = auto()
    RAMP = auto()
    STEP = auto()


def mirrored(line: Line, left: Sequence[Region], right: Sequence[Region], sampling: Sampling) -> Symmetry:
    """Even, odd or none, by the values at samples and breakpoints; exact roots are +0 on both sides."""
    if [r.upper for r in left] != [r.upper for r in right]:
        return Symmetry.NONE
    pairs = [
        (m, p) for a, b in zip(left, right, strict=True) for m, p in zip(sampling.of(a), sampling.of(b), strict=True)
    ]
    values = [(m.reference.rounded, p.reference.rounded) for m, p in pairs]
    ends = {p.x: p.value for p in line.branches.points if p.x != 0}

    def holds(sign: int) -> bool:
        same = all(np.array_equal(m, sign * p) and (np.signbit(m) == np.signbit(sign * p)).all() for m, p in values)
        return same and all(value is not None and ends.get(-at) == sign * value for at, value in ends.items())

    if holds(1):
        return Symmetry.EVEN
    return Symmetry.ODD if holds(-1) else Symmetry.NONE


def from_left_side(line: Line, left: Region, right: Region, *, steps: bool) -> Symmetry | None:
    """What is to be added to f(-t) or -f(-t) for f(t), by numbers: t (a ramp) or, with `steps`, 1 (a step)."""
    if not left.expression.has(line.t):
        return None
    if _vanishes(line, right.expression - left.expression - line.t):
        return Symmetry.RAMP
    return Symmetry.STEP if steps and _vanishes(line, right.expression + left.expression - 1) else None


def _vanishes(line: Line, difference: Expr) -> bool:
    return all(
        abs(difference.subs({line.t: t, **dict.fromkeys(line.symbols.values(), p)}).evalf(30)) < _EQUAL
        for t, p in product(_SIZES, _VALUES)
    )
