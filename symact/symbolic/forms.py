"""The form a person would write: the cheapest of several simplifications.

SymPy's ``simplify`` alone prefers cosh, takes seconds and turns some stable forms into overflowing ones; so each
piece is rewritten in several ways and the one that is shortest to write down wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sympy import (
    Abs,
    Add,
    Dummy,
    Eq,
    Expr,
    Function,
    Integer,
    Mul,
    Piecewise,
    PolynomialError,
    Pow,
    Rational,
    Symbol,
    cancel,
    collect,
    exp,
    factor,
    factor_terms,
    radsimp,
    together,
)

from symact.symbolic.branches import Branches
from symact.symbolic.exponentials import lettered

#: The highest power that polynomial algorithms are given.
_HIGHEST = 16

#: Longer expressions are only freed of common factors: nobody reads them, and polynomial algorithms take minutes.
_LONGEST = 200

#: What an elementary function costs beside an addition or a multiplication.
_CALL = 2


def cost(expression: Expr) -> int:
    """How much there is to write: operations and numbers one each, calls two; 1/(1 + exp(-u)) is one letter, s."""
    inner = _logistic_argument(expression)
    if inner is not None:
        return 1 + cost(inner)
    if isinstance(expression, exp):
        argument = expression.args[0]
        return _CALL + cost(-argument if argument.could_extract_minus_sign() else argument)
    if isinstance(expression, Add):
        return len(expression.args) - 1 + sum(map(cost, expression.args))
    if isinstance(expression, Mul):
        factors = [f for f in expression.args if f != -1]
        return len(factors) - 1 + sum(map(cost, factors))
    if isinstance(expression, Pow):
        base, power = expression.args
        return (0 if power == -1 else 1) + cost(base) + (0 if power.is_number else cost(power))
    if isinstance(expression, Function):
        return _CALL + sum(map(cost, expression.args))
    return 1 if expression.is_number and expression not in (0, 1, -1) else 0


def human(expression: Expr, x: Symbol, lower: Expr, upper: Expr) -> Expr:
    """The cheapest of several rewritings of a switch-free expression on (lower, upper); the first of equals.

    On a half line the rewriting is done in t = |x|, a positive symbol: it can use the sign, and what comes out is in
    terms of 1 - x rather than x - 1 on the left.
    """
    t = Dummy("t", positive=True)
    if lower.is_nonnegative:
        there, back = {x: t}, {t: x}
    elif upper.is_nonpositive:
        there, back = {x: -t}, {t: -x}
    else:
        there, back = {}, {}
    variable = t if there else x
    forms = [_collected(form, variable) for form in _candidates(expression.subs(there), variable)]
    return min((f for form in forms for f in (form, _signs_moved(form))), key=lambda f: (cost(f), _minuses(f))).subs(
        back
    )


def _collected(expression: Expr, variable: Symbol) -> Expr:
    """A product whose sums are collected in the variable where that is shorter."""
    if not isinstance(expression, Mul):
        return expression
    factors = []
    for part in expression.args:
        collected = factor_terms(collect(part, variable)) if isinstance(part, Add) else part
        factors.append(collected if cost(collected) < cost(part) else part)
    return Mul(*factors)


def _signs_moved(expression: Expr) -> Expr:
    """Every factor with a negative constant term is negated: -(s - 1)*s becomes (1 - s)*s."""
    if not expression.args or _logistic_argument(expression) is not None:
        return expression
    expression = expression.func(*map(_signs_moved, expression.args))
    if not isinstance(expression, Mul):
        return expression
    return Mul(*(-f if isinstance(f, Add) and _constant_is_negative(f) else f for f in expression.args)) * (-1) ** sum(
        isinstance(f, Add) and _constant_is_negative(f) for f in expression.args
    )


def _constant_is_negative(total: Add) -> bool:
    return any(term.is_number and term.is_negative for term in total.args)


def _minuses(expression: Expr) -> int:
    """Minus signs that a reader meets in front: of products, and of sums whose constant is negative."""
    if isinstance(expression, Add):
        terms = (-term if term.could_extract_minus_sign() else term for term in expression.args)
        return _constant_is_negative(expression) + sum(map(_minuses, terms))
    leading = isinstance(expression, Mul) and expression.args[0].is_negative is True
    return leading + sum(map(_minuses, expression.args))


def too_large(expression: Expr) -> bool:
    """Whether multiplying out is hopeless: a high power of a sum, or a root of a high degree."""
    powers = (p.exp for p in expression.atoms(Pow) if p.exp.is_Rational and p.base.free_symbols)
    return any(abs(power.p) > _HIGHEST or power.q > _HIGHEST for power in powers)


def _candidates(expression: Expr, variable: Symbol) -> Iterator[Expr]:
    yield expression
    short, letters = lettered(expression, variable)
    if too_large(short) or cost(expression) > _LONGEST:
        yield factor_terms(short).xreplace(letters)
        return
    rational: tuple[Callable[[Expr], Expr], ...] = (
        factor_terms,
        factor,
        lambda e: factor(cancel(e)),
        lambda e: factor(together(e)),
        lambda e: radsimp(together(e)),
        lambda e: factor(e.expand()),
    )
    rewritings: list[Callable[[], Expr]] = [
        lambda: _in_logistic(expression),
        lambda: _in_tanh(expression),
        *(lambda rewrite=rewrite: rewrite(short).xreplace(letters) for rewrite in rational),
    ]
    for rewriting in rewritings:
        try:
            yield rewriting()
        except (PolynomialError, NotImplementedError):
            continue


def _logistic_argument(expression: Expr) -> Expr | None:
    """u where the expression is 1/(1 + exp(-u)), else None."""
    if isinstance(expression, Pow) and expression.exp == -1 and isinstance(expression.base, Add):
        terms = expression.base.args
        if len(terms) == 2 and Integer(1) in terms:
            other = terms[0] if terms[1] == 1 else terms[1]
            if isinstance(other, exp):
                return -other.args[0]
    return None


def _in_logistic(expression: Expr) -> Expr:
    """Written in s = 1/(1 + exp(-u)) by exp(u) = s/(1 - s), where all exponentials have one argument up to a factor.

    Not where one is inside of another function: log(1 + exp(u)) is no shorter as log(1 + s/(1 - s)), takes minutes, and
    has no digits left far out.
    """
    if any(node.has(exp) for node in expression.atoms(Function) if not isinstance(node, exp)):
        return expression
    exponents = [e.args[0] for e in expression.atoms(exp) if e.args[0].free_symbols]
    if not exponents:
        return expression
    u = min(exponents, key=lambda e: (cost(e), str(e)))
    u = -u if u.could_extract_minus_sign() else u
    s = Dummy("s", positive=True)
    powers = {exp(e): (s / (1 - s)) ** (e / u) for e in exponents}
    if not all((e / u).is_Integer for e in exponents):
        return expression
    return factor(cancel(together(expression.xreplace(powers)))).xreplace({s: 1 / (1 + exp(-u))})


def _in_tanh(expression: Expr) -> Expr:
    """Written in one tanh as a polynomial, with the squares left together: 1 - T**2 rather than (1 - T)*(1 + T)."""
    from sympy import tanh

    (inner,) = expression.atoms(tanh) if len(expression.atoms(tanh)) == 1 else (None,)
    if inner is None:
        return expression
    return factor_terms(expression.expand())


def joined(branches: Branches) -> Expr:
    """One expression for the whole line: with Abs(x) for a mirrored pair of pieces, else a Piecewise.

    The value at each point between two pieces is that of the branches.
    """
    x, pieces = branches.x, branches.pieces
    if len(pieces) == 1:
        return pieces[0].expression
    if len(pieces) == 2 and branches.points[0].x == 0:
        left, right = (piece.expression for piece in pieces)
        point = branches.points[0]
        if equal(left, right, x) and (point.continuous or point.value in (None, right.subs(x, 0))):
            return right
        if point.continuous and x in right.free_symbols and equal(left.subs(x, -x), right, x):
            return right.subs(x, Abs(x))
    arms: list[tuple[Expr, Any]] = []
    for piece, point in zip(pieces, branches.points, strict=False):
        if point.value is not None and point.value not in (point.left, point.right):
            arms += [(piece.expression, x < point.x), (point.value, Eq(x, point.x))]
        else:
            arms.append((piece.expression, x <= point.x if point.value == point.left else x < point.x))
    return Piecewise(*arms, (pieces[-1].expression, True))


def equal(first: Expr, second: Expr, x: Symbol) -> bool:
    """Whether two expressions are the same function; told from numbers first, where they are not."""
    if first == second:
        return True
    free = sorted((first - second).free_symbols - {x}, key=str)
    for at in (Rational(3, 7), Rational(-11, 5)):
        trial = {x: at, **{symbol: Rational(2 + index, 3) for index, symbol in enumerate(free)}}
        values = [side.subs(trial).evalf(20) for side in (first, second)]
        if all(v.is_real and v.is_finite for v in values) and abs(values[0] - values[1]) > 1e-12 * abs(values[0]):
            return False
    difference = first - second
    return not too_large(difference) and bool(cancel(together(difference)) == 0)
