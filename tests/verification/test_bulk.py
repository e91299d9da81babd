"""Exact values for many inputs are those of the oracle, and polynomials are as close as they say."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from sympy import LambertW, Rational, Symbol, oo

from symact import catalog
from symact.oracle import FORMATS, Oracle
from symact.oracle.formats import Float64s, Format
from symact.oracle.oracle import Reference
from symact.oracle.rounding import Balls
from symact.oracle.samples import gradients, inputs
from symact.symbolic.branches import Branches, Piece
from symact.verification import bulk
from symact.verification.accuracy import oracles
from symact.verification.bulk import Bulk
from symact.verification.double_double import STEP, horner, times, two_product, two_sum
from symact.verification.fine import FEW, TOLERANCE, FineTable

FLOAT64 = FORMATS["float64"]

#: (activation, derivative): tails, a root of f', a cut, cancellation at 0, a power's tail, a function that vanishes.
FUNCTIONS = [("tanh", 1), ("gelu", 1), ("hardswish", 1), ("tanhshrink", 0), ("logsig", 0), ("selu", 0)]


@lru_cache
def oracle(name: str, order: int) -> Oracle:
    activation = catalog.get(name)
    return oracles(activation, {p.name: float(np.float32(float(p.value))) for p in activation.parameters})[order]


@lru_cache
def prepared(name: str, order: int) -> Bulk:
    return Bulk(oracle(name, order), multiplied=True)


def dense(format: Format, function: Oracle, seed: int) -> Float64s:
    """Inputs of all kinds, and so many around two points that polynomials are worth it."""
    generator = np.random.default_rng(seed)
    if format.width == 16:
        return format.every()[::41]
    near = [centre + generator.uniform(-0.05, 0.05, 300) for centre in (-1.5, 0.8, 40.0, -300.0)]
    values = np.concatenate([inputs(format, 600, function, seed), *near, 2.0**-300 * (1 + generator.random(100))])
    return format.decode(format.encode(values))


def right_or_next(reference: Reference, format: Format) -> Float64s:
    """Results of which every fourth is a neighbour of the right one."""
    values = reference.rounded.copy()
    values[::4] = format.from_ordinals(format.ordinals(values[::4]) + 1)
    return values


@pytest.mark.parametrize(("name", "order"), FUNCTIONS)
@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("backward", [False, True])
def test_the_answers_are_the_oracles(
    name: str, order: int, dtype: str, backward: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "FEW", 1)
    format, function = FORMATS[dtype], oracle(name, order)
    x = dense(format, function, seed=1)
    factor = gradients(dtype, len(x), seed=2) if backward else None
    found = prepared(name, order)
    found.prepare(x, dtype)
    answer, truth = found.reference(x, dtype, factor), function.reference(x, dtype, factor)
    np.testing.assert_array_equal(answer.rounded, truth.rounded)
    np.testing.assert_array_equal(np.signbit(answer.rounded), np.signbit(truth.rounded))
    values = right_or_next(truth, format)
    measured, exact = answer.errors(values), truth.errors(values)
    np.testing.assert_array_equal(np.isfinite(measured), np.isfinite(exact))
    measured, exact = measured[np.isfinite(exact)], exact[np.isfinite(exact)]
    # Beside a power of two a polynomial takes the smaller of two spacings, so that no error comes out too small.
    doubled = np.abs(measured - 2 * exact) <= 2.0**-9
    assert ((np.abs(measured - exact) <= 2.0**-10) | doubled).all()
    assert (measured >= exact - 2.0**-10).all()


@pytest.mark.parametrize(("name", "order"), FUNCTIONS)
def test_every_fine_polynomial_is_within_its_radius_of_the_definition(name: str, order: int) -> None:
    """Against enclosures of the definition with 1024 bits, compared as fractions."""
    function, generator = oracle(name, order), np.random.default_rng(3)
    centres = (1.0, -0.7, 2.0**-9, -30.0, 700.0, 2.0**-400)
    x = np.concatenate([centre * (1 + generator.uniform(-0.1, 0.1, 800)) for centre in centres])
    balls, zero = FineTable(function, x).enclosures(x)
    covered = np.isfinite(balls.high) & (zero == 0)
    assert covered.mean() > 0.1
    for point, ball in ((x[i], balls[np.array([i])]) for i in generator.permutation(np.nonzero(covered)[0])[:200]):
        unit = Fraction(2) ** int(ball.exponent[0])
        value = (Fraction(ball.high[0]) + Fraction(ball.low[0])) * unit
        middle, radius = function.enclosure(float(point), 1024)
        assert abs(value - middle) <= Fraction(ball.radius[0]) * unit + radius, float(point).hex()
        assert Fraction(ball.radius[0]) * unit <= Fraction(TOLERANCE) * FLOAT64.ulp(middle) * (1 + Fraction(1, 2**30))


def test_a_polynomial_that_is_not_the_definition_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    x, right = np.linspace(1, 1.01, 10 * FEW), oracle("tanh", 0)
    made = FineTable(right, x).pieces[1]
    assert len(made) > 0
    monkeypatch.setattr(FineTable, "_hold_against_the_oracle", lambda self: None)
    table = FineTable(right, x)
    monkeypatch.undo()
    table.oracle = Oracle(Branches(right.branches.x, (Piece(-oo, oo, right.branches.x * Rational(3, 4)),), ()))
    table._hold_against_the_oracle()
    assert len(table.pieces[1]) == 0


def test_what_has_no_polynomials_is_the_oracles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "FEW", 1)
    x = Symbol("x", real=True)
    function = Oracle(Branches(x, (Piece(-oo, oo, LambertW(x**2 + 1)),), ()))
    points = np.linspace(1, 2, 200)
    for dtype in ("float32", "float64"):
        found = Bulk(function)
        found.prepare(points, dtype)
        np.testing.assert_array_equal(found.reference(points, dtype).rounded, function.reference(points, dtype).rounded)


def test_a_wide_ball_that_holds_a_power_of_two_has_the_smaller_spacing() -> None:
    above = Balls(np.array([0.5]), np.array([2.0**-60]), np.array([2.0**-50]), np.array([1]))
    one = np.array([1.0 + 2.0**-23])
    format = FORMATS["float32"]
    assert Reference(format, np.array([1.0]), above).errors(one)[0] == pytest.approx(1.0)
    assert Reference(format, np.array([1.0]), above, np.array([True])).errors(one)[0] == pytest.approx(2.0)


def test_double_double_loses_no_more_than_it_says() -> None:
    """Sums and products against fractions, which are exact."""
    generator = np.random.default_rng(4)
    a, b, c = (generator.normal(size=300) * np.exp2(generator.integers(-20, 20, 300)) for _ in range(3))
    for name, (high, low) in (("sum", two_sum(a, b)), ("product", two_product(a, b))):
        for x, y, upper, lower in zip(a.tolist(), b.tolist(), high.tolist(), low.tolist(), strict=True):
            exact = Fraction(x) + Fraction(y) if name == "sum" else Fraction(x) * Fraction(y)
            assert Fraction(upper) + Fraction(lower) == exact
    small = c * 2.0**-60
    high, low = times((c, small), b)
    for x, rest, y, upper, lower in np.stack([c, small, b, high, low], axis=1).tolist():
        exact = (Fraction(x) + Fraction(rest)) * Fraction(y)
        assert abs(Fraction(upper) + Fraction(lower) - exact) <= abs(exact) * Fraction(2) ** -102


def test_a_polynomial_in_double_double_loses_no_more_than_it_says() -> None:
    generator = np.random.default_rng(5)
    terms = generator.normal(size=(12, 100)) * np.exp2(-2.0 * np.arange(12))[:, None]
    rests = terms * 2.0**-54 * generator.uniform(-1, 1, size=terms.shape)
    u = generator.uniform(-1, 1, 100)
    high, low = horner(list(terms), list(rests), u)
    for i in range(100):
        parts = [(Fraction(terms[k, i]) + Fraction(rests[k, i])) * Fraction(u[i]) ** k for k in range(12)]
        lost = abs(Fraction(high[i]) + Fraction(low[i]) - sum(parts))
        assert lost <= 12 * Fraction(STEP) * sum(map(abs, parts))
