"""Parameters that only stretch a function are found, and what they stretch is computed with its rounding error."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from sympy import Expr, Symbol, exp, log, tanh

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder
from symact.kernel.search.scaling import Scaling, scaling

t, p, q = (Symbol(name, positive=True) for name in "tpq")


@pytest.mark.parametrize(
    ("function", "exponent", "power"),
    [
        (t / (1 + exp(-p * t)), 1, -1),
        (tanh(p * t), 1, 0),
        (log(1 + exp(p * t)) / p, 1, -1),
        (p**2 * exp(-p * t), 1, 2),
        (p * (exp(-t / p) - 1), -1, 1),
    ],
    ids=str,
)
def test_a_stretching_parameter_is_found(function: Expr, exponent: int, power: int) -> None:
    found = scaling([function], t, {"p": p})
    assert found is not None
    assert (found.parameter, found.exponent) == ("p", exponent)
    assert found.power(function, t) == power


@pytest.mark.parametrize("function", [tanh(t + p), t**p, tanh(p * t) + t**2], ids=str)
def test_other_parameters_do_not_stretch(function: Expr) -> None:
    assert scaling([function], t, {"p": p}) is None


def test_two_parameters_are_not_looked_at() -> None:
    assert scaling([tanh(p * q * t)], t, {"p": p, "q": q}) is None


@pytest.mark.parametrize("exponent", [1, -1])
def test_what_is_stretched_is_known_with_its_error(exponent: int) -> None:
    b = Builder()
    high, low = Scaling("p", p, exponent).exactly(b, b.input("t"))
    kernel = b.kernel("stretched", ("t",), ("p",), {"high": high, "low": low})
    random = np.random.default_rng(5)
    x, value = random.uniform(0, 100, 200), 0.1
    found = evaluate(kernel, {"t": x, "p": value}, ARITHMETICS["float64"])
    for a, h, e in zip(x.tolist(), found["high"].tolist(), found["low"].tolist(), strict=True):
        exact = Fraction(a) * Fraction(value) ** exponent
        assert abs(Fraction(h) + Fraction(e) - exact) <= exact * Fraction(1, 2**100)
        assert h == float(exact)
