"""Quantities with an exact value: the error of a substitute, the growth of gradients in a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import mpmath
from sympy import Abs, Expr, Float, Piecewise, Rational, Symbol, exp, integrate, lambdify, oo, pi, simplify, sqrt

from symact.activation import Activation, exact
from symact.errors import Error
from symact.symbolic.branches import Branches
from symact.symbolic.forms import joined
from symact.verification.agreement import Truth, exact_text, value_at
from symact.verification.kinds.base import Finding, Kind, checked, constant, decimal, read
from symact.verification.kinds.knowledge import derivation, derivative, facts, function


@dataclass(frozen=True)
class Approximation(Kind, name="approximation"):
    """A formula stands in for f or f', everywhere or beyond a distance from 0; the verdict states its exact error.

    Attributes:
        reading: the formula.
        of: what it stands in for.
        beyond: it is used where |x| is at least this.
        within: the error that is asserted; without it any finite error passes as an approximation.
    """

    reading: str
    of: Literal["function", "derivative"]
    beyond: str = "0"
    within: str | None = None

    def __post_init__(self) -> None:
        for key, text in (("beyond", self.beyond), ("within", self.within or "0")):
            checked(key, exact, text)
            if exact(text) < 0:
                raise Error(f"{key} is negative", f"write it as a distance, such as {key} = '4'")

    def check(self, subject: Activation) -> None:
        checked("reading", lambda text: read(text, subject), self.reading)

    def decide(self, subject: Activation) -> Finding:
        x, distance = subject.x, Rational(exact(self.beyond))
        formula = read(self.reading, subject)
        truth = (derivative if self.of == "derivative" else function)(subject)
        difference = formula - joined(truth.branches)
        if distance:
            difference = Piecewise((difference, Abs(x) >= distance), (0, True))
        at, sampled = _largest_sampled(formula, x, truth, distance)
        if self.within is not None and sampled > Rational(exact(self.within)):
            witness = {"x": str(at), "printed": exact_text(formula.subs(x, at)), "true": exact_text(truth.at(at))}
            return Finding("refuted", f"the error is {sampled.evalf(9)} at x = {at}", witness)
        shape = facts(Activation(name="difference", define=lambda _: difference))["shape"]
        span = shape and shape["range"]
        if span is None:
            return Finding("undecided", f"the largest error was not found; it is {sampled.evalf(9)} at x = {at}")
        error = max((_size(span[key]) for key in ("lower", "upper")), key=lambda size: size.evalf(30))
        where = f" for |x| >= {self.beyond}" if distance else ""
        if error == oo:
            return Finding("refuted", f"the difference is unbounded{where}", {"x": "oo", "printed": "0", "true": "oo"})
        if sampled > error.evalf(40) + Float("1e-25", 40):
            return Finding("undecided", f"the bound {error} that was derived is exceeded at x = {at}")
        largest = str(error.evalf(12)) if error.has(Float) else exact_text(error)
        reason = f"the largest error{where} is {largest if error.has(Float) else decimal(largest)}"
        if self.within is not None and error > Rational(exact(self.within)):
            return Finding("refuted", reason, {"x": "the supremum", "printed": self.within, "true": largest})
        return Finding(
            "confirmed" if error == 0 else "approximation", reason, _at_distance(formula, x, truth, distance)
        )


def _size(end: Any) -> Expr:
    """How far an end of a range is from 0: exact, or the farthest point of an enclosure."""
    if isinstance(end, dict):
        return Float(abs(end["value"])) + Float(end["radius"])
    return oo if end in ("oo", "-oo") else abs(constant(end))


def _at_distance(formula: Expr, x: Symbol, truth: Truth, distance: Expr) -> dict[str, str] | None:
    """Both values at the point where the formula comes into force."""
    true = truth.at(distance)
    shown = value_at(formula, x, distance)
    if true is None or shown is None:
        return None
    printed = exact_text(formula.subs(x, distance))
    return {"x": str(distance), "printed": printed, "true": exact_text(true)}


def _largest_sampled(formula: Expr, x: Symbol, truth: Truth, distance: Expr) -> tuple[Expr, Expr]:
    """Where the sampled difference is largest, and how large; from the definition, not from the pieces."""
    points = [sign * (distance + Rational(k, 8)) for k in range(1, 40) for sign in (1, -1)]
    numbers = [(point, truth.number(point), value_at(formula, x, point)) for point in points]
    differences = [(point, abs(a - b)) for point, a, b in numbers if a is not None and b is not None]
    return max(differences, key=lambda pair: pair[1], default=(distance, Float(0)))


@dataclass(frozen=True)
class GradientGain(Kind, name="gradient-gain"):
    """One dense layer with weights of variance V/n multiplies the mean square of gradients by V*E[f'(Z)**2].

    Z is standard normal, the distribution of a wide layer's inputs at initialisation (He et al. 2015).

    Attributes:
        variance: V.
        factor: what the product is said to be.
    """

    variance: str
    factor: str

    def __post_init__(self) -> None:
        checked("variance", exact, self.variance)
        checked("factor", exact, self.factor)

    def decide(self, subject: Activation) -> Finding:
        mean = _gaussian_mean_square(derivation(subject)[0])
        variance, factor = Rational(exact(self.variance)), Rational(exact(self.factor))
        gain = mean * variance
        said, gained = (str(value.evalf(9) if value.has(Float) else value) for value in (mean, gain))
        reason = f"E[f'(Z)**2] is {said}, so weights of variance {self.variance}/n multiply by {gained} in every layer"
        if gain == factor:
            return Finding("confirmed", reason)
        if abs(gain - factor) < 1e-8:
            return Finding("undecided", f"{reason}, by quadrature; whether exactly {self.factor} is not known")
        corrected = f"weights of variance {factor / mean}/n" if mean != 0 else None
        witness = {"x": f"variance {self.variance}/n", "printed": self.factor, "true": gained}
        return Finding("refuted", reason, witness, corrected)


def _gaussian_mean_square(slope: Branches) -> Expr:
    """The mean of the square under the standard normal distribution: exact for polynomials, else by quadrature."""
    x = slope.x
    density = exp(-(x**2) / 2) / sqrt(2 * pi)
    measured = Float(0)
    for piece in slope.pieces:
        weighted = lambdify(x, piece.expression**2 * density, "mpmath")
        lower, upper = max(piece.lower, Rational(-20)), min(piece.upper, Rational(20))  # beyond, the density is 1e-87
        edges = [lower + (upper - lower) * Rational(k, 16) for k in range(17)]
        measured += Float(mpmath.quad(weighted, [mpmath.mpf(str(edge.evalf(15))) for edge in edges]))
    if not all(piece.expression.is_polynomial(x) for piece in slope.pieces):
        return measured
    value = simplify(sum(integrate(p.expression**2 * density, (x, p.lower, p.upper)) for p in slope.pieces))
    return value if abs(measured - value.evalf(15)) < 1e-10 else measured
