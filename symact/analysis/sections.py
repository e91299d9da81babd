"""The sections of an analysis, one after another, each from the pieces of f, f' and f''.

Tails come first and need no derivative in a form for people: they are there should simplification take too long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

from sympy import Expr, S, Symbol, oo, sympify

from symact.activation import Activation
from symact.analysis.document import SECTIONS
from symact.analysis.gradient import gradient
from symact.analysis.numbers import UndecidedError
from symact.analysis.parametric import parametric
from symact.analysis.record import ENDS, Derivative, Gradient, Parametric, Segment, Shape, Smoothness, plain
from symact.analysis.shape import shape, symmetry
from symact.analysis.signs import end_limit
from symact.analysis.smoothness import smoothness
from symact.analysis.tail import Tail
from symact.analysis.tails import derivative_tail, residual_tail
from symact.symbolic.branches import Branches, split
from symact.symbolic.derivatives import Derivation, derive, derive_by
from symact.symbolic.forms import joined


def sections(activation: Activation) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The names of the sections, each with a function that computes it in its JSON form.

    `symact.analysis.record.Analysis` says what they mean; a section for each end is called ``tails.+oo`` and the like.
    The functions raise Error where the definition is not real on an interval or cannot be split into pieces.
    """
    subject = _Subject(activation)
    computations: dict[str, Callable[[], Any]] = {
        "expression": lambda: activation.definition,
        "limits": subject.limit_texts,
        **{f"tails.{end}": partial(subject.tail, end) for end in ENDS},
        **{f"residuals.{end}": partial(subject.residual, end) for end in ENDS},
        "derivative": lambda: _derivative(subject.symbolic.first),
        "second_derivative": lambda: _derivative(subject.symbolic.second),
        "smoothness": subject.smoothness,
        "shape": lambda: subject.shape,
        "gradient": subject.gradient,
        "parameter_derivatives": subject.parameter_derivatives,
        "parametric": subject.parametric,
    }
    for name in SECTIONS:
        yield name, partial(_computed, computations[name])


def _computed(compute: Callable[[], Any]) -> Any:
    return plain(compute())


class _Subject:
    """What is known about an activation; each fact is derived when it is first asked for."""

    def __init__(self, activation: Activation) -> None:
        self._activation = activation
        self._tails: dict[str, Tail] = {}

    @cached_property
    def _pieces(self) -> Branches:
        return split(self._activation)

    @cached_property
    def symbolic(self) -> Derivation:
        """f, f' and f'' with symbolic parameters."""
        return derive(self._activation, self._pieces)

    @cached_property
    def _function(self) -> Branches:
        """f at the parameters' values, as all that follows."""
        return self._pieces.subs(self._activation.values)

    @cached_property
    def _derivation(self) -> Derivation:
        values = self._activation.values
        return Derivation(self._function, self.symbolic.first.subs(values), self.symbolic.second.subs(values))

    @cached_property
    def _symmetry(self) -> tuple[bool | None, bool | None]:
        return symmetry(self._function)

    @cached_property
    def _limits(self) -> dict[str, Expr | None]:
        odd, even = self._symmetry
        right = _limit(self._function, "+oo")
        if right is None or not (odd or even):
            return {"+oo": right, "-oo": _limit(self._function, "-oo")}
        return {"+oo": right, "-oo": -right if odd else right}

    def limit_texts(self) -> dict[str, str | None]:
        """The limits of f, as text."""
        return {end: None if limit is None else str(limit) for end, limit in self._limits.items()}

    def tail(self, end: str) -> Tail:
        """The tail of f'."""
        if end not in self._tails:
            odd, _ = self._symmetry
            self._tails[end] = self.tail("+oo") if odd and end == "-oo" else derivative_tail(*self._towards(end))
        return self._tails[end]

    def residual(self, end: str) -> Tail | None:
        """The tail of abs(f - limit)."""
        if end == "-oo" and any(self._symmetry):
            return self._right_residual
        return self._right_residual if end == "+oo" else self._residual(end)

    @cached_property
    def _right_residual(self) -> Tail | None:
        return self._residual("+oo")

    def _residual(self, end: str) -> Tail | None:
        limit = self._limits[end]
        f_of_t, t, _ = self._towards(end)
        return residual_tail(f_of_t, t, limit) if limit is not None and limit.is_finite else None

    def _towards(self, end: str) -> tuple[Expr, Symbol, int]:
        """f(side*t), t and the side."""
        t = Symbol("t", positive=True)
        side, piece = (1, self._function.pieces[-1]) if end == "+oo" else (-1, self._function.pieces[0])
        return piece.expression.subs(self._function.x, side * t), t, side

    def _slope(self, end: str) -> Expr | None:
        """The limit of f', from its tail where that says it."""
        tail = self.tail(end)
        if tail.kind == "constant":
            return sympify(tail.parameters["limit"])
        vanishes = tail.kind == "dead" or tail.subexponential is not None
        return S.Zero if vanishes else _limit(self._derivation.first, end)

    def smoothness(self) -> Smoothness:
        """The differentiability class."""
        return smoothness(self._derivation)

    @cached_property
    def shape(self) -> Shape:
        """What the graph looks like."""
        slopes = {end: self._slope(end) for end in ENDS}
        return shape(self._derivation, self._limits, slopes, *self._symmetry)

    def gradient(self) -> Gradient:
        """What the tails of f' mean."""
        return gradient(self._derivation.first, {end: self.tail(end) for end in ENDS}, self.shape.lipschitz)

    def parameter_derivatives(self) -> dict[str, Derivative]:
        """The partial derivatives with respect to the parameters."""
        symbols = self._activation.symbols
        return {name: _derivative(derive_by(symbol, self._pieces)) for name, symbol in symbols.items()}

    def parametric(self) -> Parametric | None:
        """Limits and tails with symbolic parameters."""
        return parametric(self._pieces, self._activation.values)


def _derivative(branches: Branches) -> Derivative:
    pieces = tuple(Segment(str(piece.interval), str(piece.expression)) for piece in branches.pieces)
    return Derivative(str(joined(branches)), pieces)


def _limit(branches: Branches, end: str) -> Expr | None:
    piece, at, side = (branches.pieces[-1], oo, "-") if end == "+oo" else (branches.pieces[0], -oo, "+")
    with suppress(UndecidedError):
        return end_limit(piece.expression, branches.x, at, side)
    return None
