"""The function of a pass on the two half lines, cut into smooth regions.

Each half line is treated in t = |x|.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Integer, Symbol, oo

from symact.activation import Activation
from symact.kernel.arithmetic import Arithmetic
from symact.kernel.lowering import Lowering, Style
from symact.kernel.program import Builder
from symact.kernel.search.scaling import scaling
from symact.kernel.search.score import Sample
from symact.kernel.settings import settings_of
from symact.symbolic.branches import Branches, Point


@dataclass(frozen=True)
class Region:
    """A smooth piece on a half line: the expression in t for lower < t < upper, x = side*t.

    `closed` says that the piece's own value holds at t = upper.
    """

    side: int
    lower: Expr
    upper: Expr
    expression: Expr
    closed: bool


class Line:
    """The function of a pass, its parameters and its regions.

    Attributes:
        branches: f, f' or f'', parameters symbolic.
        x, t: the variable, and its size.
        symbols: of the parameters, by name.
        parameters: their names.
        settings: their values that programs are tried at, those in force first.
        scaling: how the only parameter stretches the function; None where there is no such parameter.
    """

    def __init__(self, activation: Activation, branches: Branches) -> None:
        self.branches = branches
        self.x = branches.x
        self.t = Symbol("t", positive=True)
        self.symbols = activation.symbols
        self.parameters = tuple(activation.symbols)
        self.settings = settings_of(activation)
        halves = (piece.expression.subs(self.x, side * self.t) for side in (1, -1) for piece in branches.pieces)
        at_zero_only = all(p.x == 0 for p in branches.points)
        self.scaling = scaling(list(halves), self.t, self.symbols) if at_zero_only else None

    def regions(self, side: int) -> list[Region]:
        """The pieces on one half line, from t = 0 outwards."""
        found = []
        points: dict[Expr, Point] = {p.x: p for p in self.branches.points}
        ordered = self.branches.pieces[::side]
        for piece, beyond in zip_longest(ordered, ordered[1:]):
            near, far = (piece.lower, piece.upper) if side > 0 else (-piece.upper, -piece.lower)
            if self._at_defaults(far) <= 0:
                continue
            near = near if self._at_defaults(near) > 0 else Integer(0)
            expression = piece.expression.subs(self.x, side * self.t)
            point = points.get(side * far)
            closed = point is not None and point.value is not None and self._holds(point, side, beyond.expression)
            found.append(Region(side, near, far, expression, closed))
        return found

    def _holds(self, point: Point, side: int, beyond: Expr) -> bool:
        """Whether the inner piece gives the value at its outer end; a constant beyond is preferred, as it is exact."""
        inner, outer = (point.left, point.right)[::side]
        return bool(point.value == inner and (point.value != outer or beyond.has(self.x)))

    def bounds(self, region: Region) -> tuple[float, float]:
        """Where a region begins and ends, parameters having their values in force."""
        lower = 0.0 if region.lower == Integer(0) else self._at_defaults(region.lower)
        return lower, np.inf if region.upper == oo else self._at_defaults(region.upper)

    def _at_defaults(self, value: Expr) -> float:
        defaults = {self.symbols[n]: v for n, v in self.settings[0].items()}
        return float(value.subs(defaults))

    @property
    def is_only_stretched(self) -> bool:
        """Whether parameters, if there are any, do nothing else: what is at a size is there for all their values."""
        return not self.parameters or self.scaling is not None

    def size(self, sample: Sample) -> NDArray[np.float64]:
        """What a sample's inputs are ordered by: t, or t stretched by the parameter."""
        t: NDArray[np.float64] = np.abs(sample.x).astype(np.float64)
        if self.scaling is not None:
            with np.errstate(over="ignore"):
                t = self.scaling.size(t, sample.parameters[self.scaling.parameter])
        return t

    def write_size(self, b: Builder, t: int) -> int:
        """The step that computes that."""
        return t if self.scaling is None else self.scaling.write(b, t)

    def leaves(self, b: Builder) -> dict[Symbol, int]:
        """The parameters' steps in a program."""
        return {symbol: b.parameter(name) for name, symbol in self.symbols.items()}

    def write_number(self, b: Builder, number: Expr, arithmetic: Arithmetic) -> int:
        """The step that computes what does not depend on x, though it may on parameters."""
        return Lowering(b, self.leaves(b), {}, Style(), arithmetic)(number)
