"""How a function behaves at infinity: its class by hazard rates of its leading term, let through by the numeric gate.

With h = -(ln|g|)' the classes are those of regular variation: N. Bingham, C. Goldie, J. Teugels, "Regular
variation", 1987. The leading term is derived symbolically, the gate measures the function itself; where the two do
not agree, or one of them gives no answer, the tail is ``undetermined`` and says why.
"""

from __future__ import annotations

from sympy import Expr, S, Symbol, diff, log, oo, simplify

from symact.analysis import gate
from symact.analysis.numbers import UndecidedError as UnmeasurableError
from symact.analysis.oscillation import oscillates
from symact.analysis.tail import Tail
from symact.symbolic.expansion import Expansion
from symact.symbolic.leading import Leading, leading_term
from symact.symbolic.series import OscillatingError, UndecidedError
from symact.symbolic.trigonometric import trigonometric_sum

_METHOD = "multiseries expansion"


def derivative_tail(f_of_t: Expr, t: Symbol, side: int) -> Tail:
    """The tail of f'(side*t).

    Args:
        f_of_t: f(side*t), without Abs, sign, Max, Min, Piecewise and without parameters.
        t: a positive symbol that tends to oo.
        side: 1 or -1.
    """
    try:
        measured = gate.slope(f_of_t, t, side)
    except UnmeasurableError as reason:
        return _undetermined(f"no numeric check: {reason}")
    return _tail(side * diff(f_of_t, t), t, measured)


def residual_tail(f_of_t: Expr, t: Symbol, limit: Expr) -> Tail | None:
    """The tail of abs(f(side*t) - limit); None where the limit is not finite.

    Args:
        f_of_t: f(side*t), as for `derivative_tail`.
        t: a positive symbol that tends to oo.
        limit: the limit of f_of_t as t -> oo.
    """
    if not limit.is_finite:
        return None
    try:
        measured = gate.less(gate.value(f_of_t, t), limit, t)
    except UnmeasurableError as reason:
        return _undetermined(f"no numeric check: {reason}")
    return _tail(f_of_t - limit, t, measured, unsigned=True)


def _tail(g: Expr, t: Symbol, measured: gate.Measured, unsigned: bool = False) -> Tail:
    if g == 0 or (not g.has(t) and simplify(g) == 0):
        return _dead()
    try:
        try:
            leading = leading_term(g, t)
        except OscillatingError as reason:
            parts = trigonometric_sum(g, t)
            if parts is None or parts.leading is None:
                return _oscillating(None if parts is None else oscillates(parts, t, measured), reason)
            leading = parts.leading
        if leading.sign == 0:
            return _dead() if simplify(g) == 0 else _undetermined("it could not be proved to be identically 0")
        if unsigned and leading.sign < 0:
            g, measured = -g, gate.negative(measured)
            leading = Leading(-leading.constant, leading.factors)
        kind, parameters = class_of(leading, t)
        checked = gate.confirm(measured, leading, t)
    except UndecidedError as reason:
        return _undetermined(str(reason))
    except UnmeasurableError as reason:
        return _undetermined(f"no numeric check: {reason}")
    text = str(leading.expression.xreplace({t: Symbol("t", positive=True)}))
    if checked is None:
        return _undetermined(f"the derived leading term {text} was not confirmed by computed values")
    if kind == "constant":
        limit = leading.constant
        approach = _tail(g - limit, t, gate.less(measured, limit, t))
        parameters = {"limit": str(limit), "approach": None if approach.kind == "dead" else approach}
    return Tail(kind, text, parameters, {"method": _METHOD, "checked": checked})


def _dead() -> Tail:
    return Tail("dead", "0", {}, {"method": "symbolic identity", "checked": "identically 0"})


def _undetermined(reason: str) -> Tail:
    return Tail("undetermined", None, {}, {"method": _METHOD, "checked": "nothing"}, reason)


def _oscillating(checked: str | None, reason: Exception) -> Tail:
    if checked is None:
        return _undetermined(f"{reason}, and neither a leading term nor lasting oscillation was established")
    return Tail("oscillating", None, {}, {"method": "dominant trigonometric part", "checked": checked})


def class_of(leading: Leading, t: Symbol) -> tuple[str, dict[str, str | Tail | None]]:
    """The class of a leading term and its parameters, those of a constant left out."""
    if not leading.factors:
        return "constant", {}
    hazard = -diff(leading.logarithm, t)
    if leading.limit.is_infinite:
        kind, _ = _decay(-hazard, t)
        return "growing", {"growth": "slow" if kind == "slowly-varying" else kind}
    return _decay(hazard, t)


def _decay(hazard: Expr, t: Symbol) -> tuple[str, dict[str, str | Tail | None]]:
    """The class of a function that vanishes, by the limits of its hazard rate h."""
    expansion = Expansion(t)

    def limit(expression: Expr) -> Expr:
        return expansion.of(expression).limit()

    rate = limit(hazard)
    if rate.is_finite and rate != 0:
        return "exponential", {"rate": str(rate)}
    index = limit(t * hazard)
    if index == 0:
        return "slowly-varying", {}
    if index.is_finite:
        return "power", {"index": str(index), "log_index": str(limit((t * hazard - index) * log(t)))}
    order = limit(1 + t * diff(hazard, t) / hazard)
    if rate is oo:
        return "superexponential", {"order": str(order)}
    return "lognormal" if order is S.Zero else "stretched-exponential", {"order": str(order)}
