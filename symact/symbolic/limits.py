"""One-sided limits that are never silently wrong.

SymPy's ``limit`` is not used: it answers 0 for ``1 + x*(1 - 1/(1 + exp(-x)))`` at oo, where the truth is 1.
"""

from __future__ import annotations

from sympy import AccumBounds, Dummy, Expr, S, Symbol, ceiling, floor, frac, nan, oo, sympify, zoo
from sympy.series.gruntz import gruntz

_INFINITE = (oo, -oo, zoo, nan)

#: Functions whose value at a point need not be their limit there.
_JUMPS = (floor, ceiling, frac)


def _is_safe(value: Expr) -> bool:
    """Whether a value obtained by substitution is finite and hides no division by zero."""
    if value.has(*_INFINITE) or value.has(AccumBounds):
        return False
    if value.free_symbols:
        return True
    number = value.evalf(20, maxn=60)
    return bool(number.is_Number) and bool(number.is_finite) and bool(abs(number) < S(10) ** 50)


def limit_at(expression: Expr, x: Symbol, point: Expr, side: str) -> Expr | None:
    """The limit of ``expression`` as ``x`` tends to ``point`` from one side.

    Args:
        expression: an expression without Abs, sign, Max, Min, Piecewise; other symbols are positive parameters.
        x: the real variable.
        point: a real number, oo or -oo.
        side: "+" for the limit from above, "-" for the limit from below; ignored at +-oo.

    Returns:
        The limit, oo or -oo, or None where there is none or it was not found.
    """
    point = sympify(point)
    if not expression.has(x):
        return expression
    if point.is_finite is not False and not expression.has(*_JUMPS):
        value = expression.subs(x, point)
        if _is_safe(value):
            return value
    t = Dummy("t", positive=True)
    if point in (oo, -oo):
        moved = expression.subs(x, t if point is oo else -t)
    else:
        moved = expression.subs(x, point + 1 / t if side == "+" else point - 1 / t)
    try:
        value = gruntz(moved, t, oo)
    except Exception:  # SymPy's series code raises nearly every type when it gives up
        return None
    if value.has(AccumBounds, nan, zoo, t) or value.is_real is False and value.is_infinite is not True:
        return None
    return value
