"""Where a smooth expression is positive, negative and zero on an interval, proved.

The proof is Rolle's: between two neighbouring zeros of h' the function h is monotone, so its values there and its
limits at the ends decide all signs. For products the factors are looked at one by one. A factor that is a sum is
divided by a coefficient of known sign and differentiated, until nothing is left of it: polynomials in x, exp(k*x)
and functions with a simpler derivative (log, atan, erf ...) come to an end that way. No grid is searched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cmp_to_key, reduce
from itertools import pairwise
from math import gcd, lcm
from operator import mul
from time import process_time

from flint import acb_poly, arb, ctx, fmpq
from sympy import (
    AccumBounds,
    Add,
    Dummy,
    Expr,
    LambertW,
    Mul,
    Poly,
    PolynomialError,
    Pow,
    S,
    Symbol,
    acosh,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    coth,
    diff,
    erf,
    erfc,
    exp,
    expand,
    factor_list,
    fraction,
    log,
    nan,
    oo,
    real_roots,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
    together,
    zoo,
)

from symact.analysis.numbers import (
    PRECISION,
    Evaluator,
    Number,
    UndecidedError,
    ball_sign,
    evaluator,
    is_zero,
    recognised,
)
from symact.symbolic.limits import limit_at

#: How many differentiations one inside the other are tried.
_DEPTH = 24

#: How many operations an expression may have: one step with a larger one takes seconds.
_LARGEST = 1500

#: Functions whose derivative does not contain them again.
_INTEGRALS = (log, atan, asinh, acosh, atanh, erf, erfc)

#: Functions that have the sign of their argument.
_ODD_INCREASING = (atan, asinh, sinh, tanh, erf, atanh, LambertW)

_OSCILLATING = (sin, cos, tan)

_POSITIVE = (exp, cosh, erfc)


@dataclass(frozen=True)
class Signs:
    """The signs of a function on an open interval: ``signs[i]`` between ``roots[i - 1]`` and ``roots[i]``."""

    roots: tuple[Number, ...]
    signs: tuple[int, ...]

    @property
    def constant(self) -> int | None:
        """The sign that the function has on the whole interval; None where it changes or vanishes at a point."""
        return None if self.roots else self.signs[0]

    def __neg__(self) -> Signs:
        return Signs(self.roots, tuple(-sign for sign in self.signs))

    def __pow__(self, exponent: int) -> Signs:
        return Signs(self.roots, tuple(sign**exponent for sign in self.signs))

    def __mul__(self, other: Signs) -> Signs:
        merged: list[Number] = []
        for root in sorted((*self.roots, *other.roots), key=cmp_to_key(Number.compare)):
            if not merged or merged[-1].compare(root):
                merged.append(root)
        signs, i, j = [self.signs[0] * other.signs[0]], 0, 0
        for root in merged:
            i += i < len(self.roots) and self.roots[i].compare(root) == 0
            j += j < len(other.roots) and other.roots[j].compare(root) == 0
            signs.append(self.signs[i] * other.signs[j])
        if 0 in signs:
            return Signs((), (0,))
        return Signs(tuple(merged), tuple(signs))


@dataclass(frozen=True)
class Domain:
    """The open interval on which signs are asked for."""

    lower: Number
    upper: Number

    def contains(self, number: Number) -> bool:
        """Whether a number lies inside.

        Raises:
            UndecidedError: it is too near an end.
        """
        return self.lower.compare(number) < 0 < self.upper.compare(number)

    def between(self, distance: int = 1) -> Number:
        """A point inside: the middle, or that far from a finite end if the other is infinite."""
        lower, upper = self.lower.ball, self.upper.ball
        if self.lower.finite and self.upper.finite:
            return Number(((lower + upper) / 2).mid())
        if self.lower.finite:
            return Number((lower + distance).mid())
        return Number((upper - distance).mid() if self.upper.finite else arb(0))

    def stretches(self, roots: Iterable[Number]) -> list[tuple[Number, Number]]:
        """The intervals into which roots cut it."""
        return list(pairwise((self.lower, *roots, self.upper)))


def end_limit(expression: Expr, x: Symbol, end: Expr, side: str) -> Expr:
    """The limit at an end of an interval, by continuity where that suffices.

    Raises:
        UndecidedError: there is none or it was not found.
    """
    if not (end in (oo, -oo) and any(p.base.has(x) and p.exp.has(x) for p in expression.atoms(Pow))):
        value = expression.subs(x, end)
        if not value.has(nan, zoo, AccumBounds) and value.is_extended_real:
            return value
    found = limit_at(expression, x, end, side)
    if found is None:
        raise UndecidedError(f"the limit of {expression} at {end} is not known")
    return found


class Solver:
    """Finds signs of expressions in one variable, as long as its time lasts."""

    def __init__(self, x: Symbol, seconds: float = 3.0) -> None:
        self.x = x
        self._ends_at = process_time() + seconds
        self._known: dict[tuple[Expr, Expr | None, Expr | None], Signs | UndecidedError] = {}

    # From the derivative --------------------------------------------------------------------------------------------

    def monotone(self, expression: Expr, slope: Signs, domain: Domain, ends: tuple[Expr, Expr]) -> Signs:
        """The signs of an expression from those of its derivative and its limits at the ends.

        Raises:
            UndecidedError: they could not be proved.
        """
        return self._monotone(expression, slope, domain, (Number.of(ends[0]).sign, Number.of(ends[1]).sign))

    def _monotone(self, expression: Expr, slope: Signs, domain: Domain, ends: tuple[int, int]) -> Signs:
        self._check_time()
        values = [ends[0], *(root.at(expression, self.x).sign for root in slope.roots), ends[1]]
        function = evaluator(expression, self.x)
        roots: list[Number] = []
        signs: list[int] = []
        stretches = domain.stretches(slope.roots)
        for index, (direction, (lower, upper)) in enumerate(zip(slope.signs, stretches, strict=True)):
            left, right = values[index], values[index + 1]
            if direction == 0:
                signs.append(left)
            elif left * right < 0:
                roots.append(self._root(expression, function, lower, upper, left))
                signs += [left, right]
            else:
                signs.append(direction if left == 0 else -direction if right == 0 else left)
                _check(function, Domain(lower, upper), signs[-1])
            if index + 1 < len(stretches):
                if right == 0:
                    roots.append(upper)
                else:
                    signs.pop()  # the next stretch goes on with the same sign
        return Signs((), (0,)) if 0 in signs else Signs(tuple(roots), tuple(signs))

    def _root(self, expression: Expr, function: Evaluator, lower: Number, upper: Number, left: int) -> Number:
        """The only root between two numbers where a monotone function has the signs ``left`` and ``-left``."""
        with ctx.workprec(PRECISION):
            a = self._inside(function, lower, upper, left, towards_lower=True)
            b = self._inside(function, lower, upper, -left, towards_lower=False)
            narrow = arb(2) ** -120
            while b - a > narrow * (1 + abs(a)):
                for part in (fmpq(1, 2), fmpq(7, 16), fmpq(10, 16)):
                    middle = (a + (b - a) * part).mid()
                    sign = ball_sign(function(middle))
                    if sign:
                        break
                if not sign:
                    raise UndecidedError(f"{expression} is too near zero to find its root")
                a, b = (middle, b) if sign == left else (a, middle)
            ball = a.union(b)
        return recognised(ball, lambda guess: is_zero(expression.subs(self.x, guess)))

    def _inside(self, function: Evaluator, lower: Number, upper: Number, sign: int, *, towards_lower: bool) -> arb:
        """An exact point of the interval, as near an end as needed, where the function has the sign it has there."""
        end, other = (lower, upper) if towards_lower else (upper, lower)
        inward = 1 if towards_lower else -1
        for step in range(200):
            if end.finite and other.finite:
                point = end.ball + (other.ball - end.ball) * arb(2) ** -(step + 1)
            elif end.finite:
                point = end.ball + inward * arb(2) ** (8 - 4 * step)
            else:
                start = other.ball if other.finite else arb(0)
                point = start - inward * (arb(2) ** (step - 2) if step < 40 else arb(2) ** (38 + (step - 40) ** 2))
            if ball_sign(function(point.mid())) == sign:
                return point.mid()
        raise UndecidedError("no point of a known sign was found near an end of an interval")

    # From the expression --------------------------------------------------------------------------------------------

    def signs(self, expression: Expr, domain: Domain, depth: int = 0) -> Signs:
        """The signs of a switch-free expression that is smooth on the interval.

        Raises:
            UndecidedError: they could not be proved, or time is up.
        """
        self._check_time()
        if depth > _DEPTH or expression.count_ops() > _LARGEST:
            raise UndecidedError(f"{expression} needs too many differentiations")
        key = (expression, domain.lower.exact, domain.upper.exact)
        known = None if None in key else self._known.get(key)
        if known is None:
            self._known[key] = known = self._answer(expression, domain, depth)
        if isinstance(known, UndecidedError):
            raise known
        return known

    def _answer(self, expression: Expr, domain: Domain, depth: int) -> Signs | UndecidedError:
        """The signs or why they are not known, to be remembered."""
        try:
            return self._product(expression, domain, depth)
        except UndecidedError as reason:
            return reason
        except Exception:  # SymPy's algebra raises nearly every type when it gives up
            return UndecidedError(f"{expression} is too hard for SymPy")

    def _check_time(self) -> None:
        if process_time() > self._ends_at:
            raise UndecidedError("the time for the shape of the function is up")

    def _product(self, expression: Expr, domain: Domain, depth: int) -> Signs:
        shortcut = self._assumed(expression, domain)
        if shortcut is not None:
            return Signs((), (shortcut,))
        numerator, denominator = self._factors(expression)
        powers = [*numerator, *((factor, -power) for factor, power in denominator)]
        return reduce(mul, (self._power(factor, power, domain, depth) for factor, power in powers), Signs((), (1,)))

    def _power(self, base: Expr, exponent: int, domain: Domain, depth: int) -> Signs:
        signs = self._factor(base, domain, depth)
        if exponent < 0 and signs.constant in (None, 0):
            raise UndecidedError(f"{base} may vanish below a fraction bar")
        return signs ** abs(exponent)

    def _assumed(self, expression: Expr, domain: Domain) -> int | None:
        """The sign that SymPy's assumptions give at once; for polynomials they can take minutes and are not needed."""
        if expression.is_polynomial(self.x):
            return None
        lower, upper = domain.lower.exact, domain.upper.exact
        t = Dummy("t", positive=True)
        moved = expression
        if lower is not None and lower.is_Rational and lower.is_nonnegative:
            moved = expression.subs(self.x, lower + t)
        elif upper is not None and upper.is_Rational and upper.is_nonpositive:
            moved = expression.subs(self.x, upper - t)
        if moved.is_zero:
            return 0
        return 1 if moved.is_positive else -1 if moved.is_negative else None

    def _factors(self, expression: Expr) -> tuple[list[tuple[Expr, int]], list[tuple[Expr, int]]]:
        """Factors with powers above and below the fraction bar; exponentials are written as powers of one another."""
        written = expression.rewrite((tanh, sinh, cosh, coth), exp)
        powers, back = _as_powers(written, self.x)
        sides = []
        for side in fraction(together(written.xreplace(powers))):
            try:
                constant, factors = factor_list(side)
            except PolynomialError:
                constant, factors = S.One, [(side, 1)]
            put = [(constant, 1), *factors] if constant != 1 else factors
            sides.append([(f.xreplace(back), int(p)) for f, p in put])
        return sides[0], sides[1]

    def _factor(self, factor: Expr, domain: Domain, depth: int) -> Signs:
        """The signs of what does not factor any further."""
        x = self.x
        if x not in factor.free_symbols:
            return Signs((), (Number.of(factor).sign,))
        if isinstance(factor, _POSITIVE):
            return Signs((), (1,))
        if isinstance(factor, _ODD_INCREASING) and len(factor.args) == 1:
            return self.signs(factor.args[0], domain, depth)
        if isinstance(factor, log):
            return self.signs(factor.args[0] - 1, domain, depth)
        if isinstance(factor, Pow) and factor.exp.is_number and not factor.exp.is_integer:
            base = self.signs(factor.base, domain, depth)
            if base.constant != 1:
                raise UndecidedError(f"the root of {factor.base} may not be real")
            return base
        if isinstance(factor, Mul):
            return reduce(mul, (self._factor(part, domain, depth) for part in factor.args))
        if isinstance(factor, Pow) and factor.exp.is_Integer:
            return self._power(factor.base, int(factor.exp), domain, depth)
        if factor.is_polynomial(x):
            return self._polynomial(factor, domain)
        shortcut = self._assumed(factor, domain)
        if shortcut is not None:
            return Signs((), (shortcut,))
        if factor.has(*_OSCILLATING):
            return self._outweighed(factor, domain, depth)
        return (
            self._inverted(factor, domain, depth)
            or self._exponential(factor, domain, depth)
            or self._rolle(factor, domain, depth)
        )

    def _polynomial(self, factor: Expr, domain: Domain) -> Signs:
        polynomial = Poly(factor, self.x)
        if polynomial.degree() == 1:
            found = [-polynomial.nth(0) / polynomial.nth(1)]
        elif polynomial.degree() == 2:
            a, b, c = polynomial.all_coeffs()
            discriminant = b * b - 4 * a * c
            sign = Number.of(discriminant).sign
            found = [] if sign < 0 else sorted({(-b + s * sqrt(discriminant)) / (2 * a) for s in (-1, 1)}, key=float)
            if sign == 0:
                return self._at_roots([Number.of(found[0])], domain, Number.of(a).sign, 2)
        else:
            return self._at_roots(_real_roots(polynomial), domain, Number.of(polynomial.LC()).sign, 1)
        numbers = [Number.of(root) for root in found]
        return self._at_roots(numbers, domain, Number.of(polynomial.LC()).sign, 1)

    def _at_roots(self, roots: list[Number], domain: Domain, leading: int, multiplicity: int) -> Signs:
        """The signs of a polynomial with the given real roots and leading coefficient."""
        change = -1 if multiplicity % 2 else 1
        inside = [root for root in roots if domain.contains(root)]
        sign = leading * change ** sum(root.compare(domain.upper) >= 0 for root in roots)
        signs = [sign]
        for _ in inside:
            signs.insert(0, signs[0] * change)
        return Signs(tuple(inside), tuple(signs))

    def _outweighed(self, factor: Expr, domain: Domain, depth: int) -> Signs:
        """A sum in which the terms without sine and cosine are always larger: a + b*sin(u) with abs(b) < abs(a)."""
        calls = {call: Dummy() for call in factor.atoms(*_OSCILLATING)}
        inside = expand(factor).xreplace(calls)
        unknown = UndecidedError(f"{factor} may vanish at infinitely many points")
        if not inside.is_polynomial(*calls.values()) or factor.has(tan):
            raise unknown
        weights = Poly(inside, *calls.values()).as_dict()
        rest = weights.pop((0,) * len(calls), S.Zero)
        sign = self.signs(rest, domain, depth + 1).constant
        if sign not in (-1, 1):
            raise unknown
        left = sign * rest
        for weight in weights.values():
            constant = self.signs(weight, domain, depth + 1).constant
            if constant is None:
                raise unknown
            left -= constant * weight
        if self.signs(left, domain, depth + 1).constant != 1:
            raise unknown
        return Signs((), (sign,))

    def _inverted(self, factor: Expr, domain: Domain, depth: int) -> Signs | None:
        """A polynomial in one exponential or logarithm alone: u = log(r) and u = exp(r) are its exact roots."""
        calls = [f for f in factor.atoms(exp, log) if f.has(self.x)]
        if not calls:
            return None
        _, back = _as_powers(factor, self.x)
        call = next(iter(back.values())) if len(back) == 1 else min(calls, key=lambda f: f.count_ops())
        g = Dummy("g")
        powers, _ = _as_powers(factor, self.x, g) if isinstance(call, exp) else ({call: g}, {})
        inside = factor.xreplace(powers)
        if inside.free_symbols != {g} or not inside.is_polynomial(g):
            return None
        polynomial = Poly(inside, g)
        if not (polynomial.domain.is_ZZ or polynomial.domain.is_QQ):
            return None
        roots = real_roots(polynomial)
        if any(not r.is_Rational and not isinstance(r, Add | Mul | Pow) for r in roots):
            return None
        result = Signs((), (Number.of(polynomial.LC()).sign,))
        for root in roots:
            if isinstance(call, log):
                solved: Expr = call.args[0] - exp(root)
            elif root.is_positive:
                solved = expand(call.args[0] - log(root))
            else:
                continue
            result *= self.signs(solved, domain, depth + 1)
        return result

    def _exponential(self, factor: Expr, domain: Domain, depth: int) -> Signs | None:
        """Polynomials a + b*exp(u): where a and b differ in sign, u and log(-a/b) are compared; u' - (a'/a - b'/b) is
        rational, and Rolle's chain is one step long whatever the degrees are."""
        x = self.x
        powers, back = _as_powers(factor, x)
        if len(back) != 1:
            return None
        ((q, call),) = back.items()
        inside = factor.xreplace(powers)
        u = call.args[0]
        if not (inside.is_polynomial(q, x) and u.is_polynomial(x) and Poly(inside, q).degree() == 1):
            return None
        b, a = Poly(inside, q).all_coeffs()
        of_a, of_b = self.signs(a, domain, depth + 1), self.signs(b, domain, depth + 1)
        if not (a.has(x) and b.has(x)) or 0 in of_a.signs:
            return None
        excess = u - log(-a / b, evaluate=False)
        # The derivative of the excess, times -a*b, which is positive where they are compared.
        slope = expand(diff(a, x) * b - diff(b, x) * a - diff(u, x) * a * b)
        both = of_a * of_b
        roots: list[Number] = []
        signs: list[int] = []
        for (lower, upper), opposite in zip(domain.stretches(both.roots), both.signs, strict=True):
            part = Domain(lower, upper)
            middle = part.between()
            sign_b = middle.at(b, x).sign
            if opposite > 0:
                found = Signs((), (sign_b,))
            else:
                ends = (
                    self._excess_sign(u, excess, lower, "+") if lower is domain.lower else _pole_sign(lower, of_a),
                    self._excess_sign(u, excess, upper, "-") if upper is domain.upper else _pole_sign(upper, of_a),
                )
                found = self._monotone(excess, self.signs(slope, part, depth + 1), part, ends)
                found = found if sign_b > 0 else -found
            if signs and signs.pop() != found.signs[0]:
                raise UndecidedError(f"{factor} may vanish where its coefficients do")
            roots += found.roots
            signs += found.signs
        return Signs(tuple(roots), tuple(signs))

    def _excess_sign(self, u: Expr, excess: Expr, end: Number, side: str) -> int:
        """The sign of u - log(-a/b) at an end; far out the polynomial u decides."""
        return self._end_sign(excess if end.finite else u, end, side)

    def _rolle(self, factor: Expr, domain: Domain, depth: int) -> Signs:
        """Divide by a coefficient of constant sign, differentiate, and come back by monotonicity."""
        x = self.x
        pivot, sign = S.One, 1
        outer = [f for f in factor.atoms(*_INTEGRALS) if f.has(x)]
        if outer:
            call = max(outer, key=lambda f: (f.count_ops(), str(f)))
            g = Dummy("g")
            inside = factor.xreplace({call: g})
            if inside.is_polynomial(g):
                leading = Poly(inside, g).LC()
                if leading.has(x):
                    constant = self.signs(leading, domain, depth + 1).constant
                    if constant in (-1, 1):
                        pivot, sign = leading, constant
        divided = expand(factor / pivot)
        slope = self.signs(diff(divided, x), domain, depth + 1)
        ends = self._end_sign(divided, domain.lower, "+"), self._end_sign(divided, domain.upper, "-")
        found = self._monotone(divided, slope, domain, ends)
        return found if sign > 0 else -found

    def _end_sign(self, expression: Expr, end: Number, side: str) -> int:
        """The sign of an expression's limit at an end of an interval."""
        if end.exact is None:
            return end.at(expression, self.x).sign
        return Number.of(end_limit(expression, self.x, end.exact, side)).sign


def _check(function: Evaluator, domain: Domain, sign: int) -> None:
    """Limits come from an algorithm that has been wrong before: a value of the other sign unmasks one.

    Raises:
        UndecidedError: there is such a value.
    """
    with ctx.workprec(PRECISION):
        for distance in (1, 1000):
            if ball_sign(function(domain.between(distance).ball)) == -sign:
                raise UndecidedError("a limit and a value contradict each other")


def _pole_sign(root: Number, of_a: Signs) -> int:
    """The sign of u - log(-a/b) near a root of a, where it tends to oo, or of b, where it tends to -oo."""
    return 1 if root in of_a.roots else -1


def _real_roots(polynomial: Poly) -> list[Number]:
    """The real roots of a polynomial without multiple ones: in radicals where SymPy finds them, else by Arb."""
    if polynomial.domain.is_ZZ or polynomial.domain.is_QQ:
        exact = real_roots(polynomial)
        if all(root.is_Rational or isinstance(root, Add | Mul | Pow) for root in exact):
            return [Number.of(root) for root in exact]
    with ctx.workprec(PRECISION):
        coefficients = [Number.of(c).ball for c in reversed(polynomial.all_coeffs())]
        try:
            found = acb_poly(coefficients).roots(tol=2.0**-100)
        except ValueError:
            raise UndecidedError(f"the roots of {polynomial.as_expr()} could not be isolated") from None
        # A root that is isolated together with its mirror image is its own mirror image.
        real = [root.real for root in found if root.imag.contains(0)]
        return sorted((Number(root) for root in real), key=cmp_to_key(Number.compare))


def _as_powers(expression: Expr, x: Symbol, g: Symbol | None = None) -> tuple[dict[Expr, Expr], dict[Symbol, Expr]]:
    """How exponentials with commensurable arguments become powers of one new positive symbol each, and back.

    Every base is the exponential of which all others in its group are whole powers.
    """
    groups: list[tuple[Expr, list[tuple[Expr, Expr]]]] = []
    for call in sorted((f for f in expression.atoms(exp) if f.has(x)), key=str):
        for argument, members in groups:
            ratio = (call.args[0] / argument).simplify() if call.args[0] != argument else S.One
            if ratio.is_Rational:
                members.append((call, ratio))
                break
        else:
            groups.append((call.args[0], [(call, S.One)]))
    powers: dict[Expr, Expr] = {}
    back: dict[Symbol, Expr] = {}
    for argument, members in groups:
        unit = S(gcd(*(int(r.p) * (lcm(*(int(k.q) for _, k in members)) // int(r.q)) for _, r in members)))
        unit = unit / lcm(*(int(r.q) for _, r in members))
        base = g if g is not None and not back else Dummy("q", positive=True)
        back[base] = exp(argument * unit)
        powers.update({call: base ** (ratio / unit) for call, ratio in members})
    return powers, back
