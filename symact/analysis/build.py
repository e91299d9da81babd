"""Puts the analysis together: one step after another, each from the pieces of f, f' and f''."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from sympy import Expr, S, Symbol, oo, sympify

from symact.activation import Activation
from symact.analysis.gradient import gradient
from symact.analysis.numbers import UndecidedError
from symact.analysis.record import ENDS, Analysis, Derivative, Segment
from symact.analysis.shape import shape, symmetry
from symact.analysis.signs import end_limit
from symact.analysis.smoothness import smoothness
from symact.analysis.tail import Tail
from symact.analysis.tails import derivative_tail, residual_tail
from symact.symbolic.branches import Branches
from symact.symbolic.derivatives import Derivation, derive
from symact.symbolic.forms import joined


def build(activation: Activation) -> Analysis:
    """The whole analysis; see `symact.analysis.analyze`."""
    symbolic = derive(activation)
    values = activation.values
    bound = Derivation(*(b.subs(values) for b in (symbolic.function, symbolic.first, symbolic.second)))
    odd, even = symmetry(bound.function)
    limits = _limits(bound.function, -1 if odd else 1 if even else 0)
    tails, residuals = _tails(bound.function, limits, bool(odd), bool(even))
    slopes = {end: _slope(tails[end], bound.first, end) for end in ENDS}
    form = shape(bound, limits, slopes, odd, even)
    return Analysis(
        name=activation.name,
        expression=activation.definition,
        parameters={p.name: str(p.value) for p in activation.parameters},
        derivative=_derivative(symbolic.first),
        second_derivative=_derivative(symbolic.second),
        limits={end: None if limit is None else str(limit) for end, limit in limits.items()},
        tails=tails,
        residuals=residuals,
        smoothness=smoothness(bound),
        shape=form,
        gradient=gradient(bound.first, tails, form.lipschitz),
    )


def _derivative(branches: Branches) -> Derivative:
    pieces = tuple(Segment(str(piece.interval), str(piece.expression)) for piece in branches.pieces)
    return Derivative(str(joined(branches)), pieces)


def _limit(branches: Branches, end: str) -> Expr | None:
    piece, at, side = (branches.pieces[-1], oo, "-") if end == "+oo" else (branches.pieces[0], -oo, "+")
    with suppress(UndecidedError):
        return end_limit(piece.expression, branches.x, at, side)
    return None


def _limits(function: Branches, parity: int) -> dict[str, Expr | None]:
    """The limits of f; the parity (1 even, -1 odd, 0 neither) saves one of them."""
    right = _limit(function, "+oo")
    mirrored = parity * right if parity and right is not None else _limit(function, "-oo")
    return {"+oo": right, "-oo": mirrored}


def _tails(
    function: Branches, limits: Mapping[str, Expr | None], odd: bool, even: bool
) -> tuple[dict[str, Tail], dict[str, Tail | None]]:
    """The tails of f' and of abs(f - limit). What symmetry makes equal is derived once."""
    t = Symbol("t", positive=True)
    tails: dict[str, Tail] = {}
    residuals: dict[str, Tail | None] = {}
    for end, side, piece in (("+oo", 1, function.pieces[-1]), ("-oo", -1, function.pieces[0])):
        f_of_t, limit = piece.expression.subs(function.x, side * t), limits[end]
        tails[end] = tails["+oo"] if odd and tails else derivative_tail(f_of_t, t, side)
        if (odd or even) and residuals:
            residuals[end] = residuals["+oo"]
        else:
            finite = limit is not None and limit.is_finite
            residuals[end] = residual_tail(f_of_t, t, limit) if finite else None
    return tails, residuals


def _slope(tail: Tail, first: Branches, end: str) -> Expr | None:
    """The limit of f', from its tail where that says it."""
    if tail.kind == "constant":
        return sympify(tail.parameters["limit"])
    return S.Zero if tail.kind == "dead" or tail.subexponential is not None else _limit(first, end)
