"""The numeric gate lets the truth through and nothing beside it."""

from __future__ import annotations

import itertools

import pytest
from sympy import E, Expr, LambertW, Rational, S, Symbol, asinh, atan, erf, exp, log, pi, sqrt, tanh

from symact.analysis import gate
from symact.symbolic.leading import Leading

t = Symbol("t", positive=True)

#: f and the leading term of f', derived by hand, as a constant and powers.
TRUTHS: dict[str, tuple[Expr, Leading]] = {
    "tanh": (tanh(t), Leading(S(4), ((exp(t), S(-2)),))),
    "arctan": (atan(t), Leading(S.One, ((t, S(-2)),))),
    "logsig": (log(1 + t) / (1 + log(1 + t)), Leading(S.One, ((t, S(-1)), (log(t), S(-2))))),
    "x/ln": (t / log(E + t), Leading(S.One, ((log(t), S(-1)),))),
    "three logarithms": (
        1 - 1 / (1 + log(1 + log(1 + t))),
        Leading(S.One, ((t, S(-1)), (log(t), S(-1)), (log(log(t)), S(-2)))),
    ),
    "gelu": (t / 2 * (1 + erf(t / sqrt(2))) - t, Leading(1 / sqrt(2 * pi), ((exp(t**2), -S.Half), (t, S.One)))),
    "silu": (t / (1 + exp(-t)) - t, Leading(S.One, ((exp(t), S(-1)), (t, S.One)))),
    "stretched": (exp(-t / log(t)), Leading(S(-1), ((exp(t / log(t)), S(-1)), (log(t), S(-1))))),
    "lognormal": (erf(asinh(t)), Leading(2 / sqrt(pi), ((exp(log(2 * t) ** 2), S(-1)), (t, S(-1))))),
    "wide": (1 / (1 + exp(-t / 10**6)), Leading(Rational(1, 10**6), ((exp(t), Rational(-1, 10**6)),))),
    "hundredth": (t / (1 + t ** Rational(1, 100)) ** 100, Leading(S.One, ((t, Rational(-101, 100)),))),
    # exp(-2*W) = (W/u)**2 for W = W(u): W ~ t for u = exp(t), with corrections ln(t)/t, and W ~ ln t for u = t.
    "omega": (tanh(LambertW(exp(t))), Leading(S(4), ((exp(t), S(-2)), (t, S(2))))),
    "Lambert": (tanh(LambertW(t)), Leading(S(4), ((t, S(-3)), (log(t), S(2))))),
    "softplus": (log(1 + exp(t)), Leading(S.One, ())),
}

#: What the constant is multiplied with.
SCALES = (S(-1), S(2), Rational(51, 50), 1 + Rational(1, 10**4), 1 - Rational(1, 10**6), 1 + Rational(1, 10**7))

#: What is multiplied to the leading term, and in which powers.
FACTORS = (exp(t), t, log(t), log(log(t)))
POWERS = (Rational(1, 10), -Rational(1, 100), Rational(1, 1000))

MUTATIONS = [
    *itertools.product(TRUTHS, ((scale, None) for scale in SCALES)),
    *itertools.product(TRUTHS, ((S.One, (factor, power)) for factor in FACTORS for power in POWERS)),
]


@pytest.mark.parametrize("name", TRUTHS)
def test_truth_is_confirmed(name: str) -> None:
    f, leading = TRUTHS[name]
    assert gate.confirm(gate.slope(f, t, 1), leading, t) is not None


def test_there_are_mutations_enough() -> None:
    assert len(MUTATIONS) >= 200


@pytest.mark.parametrize(("name", "mutation"), MUTATIONS)
def test_mutation_is_not_confirmed(name: str, mutation: tuple[Expr, tuple[Expr, Expr] | None]) -> None:
    f, leading = TRUTHS[name]
    scale, factor = mutation
    factors = leading.factors if factor is None else (*leading.factors, factor)
    assert gate.confirm(gate.slope(f, t, 1), Leading(leading.constant * scale, factors), t) is None
