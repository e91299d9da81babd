"""One-sided limits that are never silently wrong.

SymPy's ``limit`` is not used: it answers 0 for ``1 + x*(1 - 1/(1 + exp(-x)))`` at oo, where the truth is 1.
"""

from __future__ import annotations

from functools import lru_cache

from sympy import AccumBounds, Dummy, Expr, Pow, S, Symbol, floor, nan, oo, preorder_traversal, sympify, zoo

from symact.symbolic.leading import leading_term
from symact.symbolic.series import OscillatingError, UndecidedError
from symact.symbolic.trigonometric import trigonometric_sum


def _is_finite(value: Expr) -> bool:
    """Whether a value obtained by substitution is finite and hides no division by zero."""
    if value.has(oo, -oo, zoo, nan, AccumBounds):
        return False
    if value.free_symbols:
        return True
    number = value.evalf(20, maxn=60)
    return bool(number.is_Number) and bool(number.is_finite) and bool(abs(number) < S(10) ** 50)


def _substituted(expression: Expr, x: Symbol, point: Expr) -> Expr | None:
    """The value at a point where the expression is continuous; None where a part of it is singular or may jump."""
    for part in preorder_traversal(expression):
        if isinstance(part, floor) or not _is_finite(part.subs(x, point)):
            return None
        if isinstance(part, Pow) and part.exp.has(x) and part.base.subs(x, point) == 0:
            return None
    return expression.subs(x, point)


@lru_cache(maxsize=512)
def limit_at(expression: Expr, x: Symbol, point: Expr, side: str) -> Expr | None:
    """The limit of ``expression`` as ``x`` tends to ``point`` from one side.

    Args:
        expression: an expression without Abs, sign, Max, Min, Piecewise; other symbols are real constants.
        x: the real variable.
        point: a real number, oo or -oo.
        side: "+" for the limit from above, "-" for the limit from below; ignored at +-oo.

    Returns:
        The limit, oo or -oo, or None where there is none or it was not found.
    """
    point = sympify(point)
    if not expression.has(x):
        return expression
    t = Dummy("t", positive=True)
    if point in (oo, -oo):
        moved = expression.subs(x, t if point is oo else -t)
    else:
        value = _substituted(expression, x, point)
        if value is not None:
            return value
        moved = expression.subs(x, point + 1 / t if side == "+" else point - 1 / t)
    try:
        return leading_term(moved, t).limit
    except OscillatingError:
        pass
    except UndecidedError:
        return None
    try:
        parts = trigonometric_sum(moved, t)
    except UndecidedError:
        return None
    return None if parts is None else parts.limit
