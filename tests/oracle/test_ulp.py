"""The error in ULP against exact rational arithmetic, and what counts as a failure."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from sympy import Rational, Symbol, exp, sqrt

from symact.oracle import FORMATS, Oracle, ulp
from symact.symbolic.branches import Branches, Piece

x = Symbol("x", real=True)


def whole(expression: sympy.Expr) -> Oracle:
    return Oracle(Branches(x, (Piece(-sympy.oo, sympy.oo, expression),), ()))


@pytest.mark.parametrize("name", FORMATS)
def test_errors_are_those_of_exact_arithmetic(name: str) -> None:
    format = FORMATS[name]
    generator = np.random.default_rng(3)
    points = format.random(300, generator)
    points = points[(np.abs(points) < format.max / 2) & (points != 0)]
    shift = generator.integers(-5, 6, len(points))
    values = format.from_ordinals(format.ordinals(points) + shift)
    values = np.where(values == 0, points, values)
    got = ulp.errors(format.encode(values), whole(x * Rational(10, 9)), format.encode(points), format)
    for point, value, error in zip(points.tolist(), values.tolist(), got.tolist(), strict=True):
        exact = Fraction(point) * Fraction(10, 9)
        expected = abs(Fraction(value) - exact) / format.ulp(exact)
        assert error == pytest.approx(float(expected), rel=1e-3, abs=1e-3)


def test_the_correctly_rounded_value_is_within_half_an_ulp() -> None:
    for name, format in FORMATS.items():
        points = format.random(2000, np.random.default_rng(5))
        oracle = whole(exp(x))
        errors = ulp.errors(oracle.rounded(points, name), oracle, points, name)
        assert errors.max() <= 0.5
        if name != "float16":  # most float16 arguments are small, where exp is nearly exact
            continue
        assert errors.max() > 0.45


def test_below_a_power_of_two_the_finer_spacing_counts() -> None:
    root = whole(sqrt(x))
    point = math.nextafter(1.0, 0)
    # sqrt(1 - u) = 1 - u/2 - ...: its binade is [1/2, 1), spaced u = 2**-53.
    error = ulp.errors(np.array([1.0]), root, np.array([point]), "float64")[0]
    assert error == pytest.approx(0.5, abs=1e-3)


def test_failures_are_infinite_and_overflow_follows_the_rounded_value() -> None:
    edge = math.log(np.finfo(np.float64).max)
    points = np.array([edge, 710.0, 710.0, 710.0, 0.5, 0.5, np.nan, np.nan, -np.inf, -np.inf, -800.0, -800.0, -745.0])
    values = np.array([np.inf, np.inf, 1.7e308, -np.inf, np.nan, np.inf, np.nan, 0.0, 0.0, -0.0, 0.0, -0.0, -0.0])
    got = ulp.errors(values, whole(exp(x)), points, "float64")
    failed = [True, False, True, True, True, True, False, True, False, True, False, True, True]
    assert np.isinf(got).tolist() == failed
    assert got[1] == got[6] == got[8] == 0.0
    assert got[10] == pytest.approx(0.0, abs=1e-3)


def test_an_underflow_that_comes_too_early_is_measured() -> None:
    tiny = 2.0**-1074
    point = math.log(10 * tiny)
    got = ulp.errors(np.array([0.0, 10 * tiny, 9 * tiny]), whole(exp(x)), np.full(3, point), "float64")
    assert got[0] == pytest.approx(10, abs=0.01)
    assert got[1] < 0.5 < got[2]


def test_a_factor_is_part_of_the_exact_value() -> None:
    points, factor = np.array([1.0, 2.0]), np.array([3.0, -7.0])
    exact = [Fraction(1), Fraction(-14, 3)]
    got = ulp.errors(np.array([float(e) for e in exact]), whole(x / 3), points, "float64", factor)
    assert got[0] == pytest.approx(0.0, abs=1e-3)
    assert got[1] == pytest.approx(abs(float((Fraction(float(exact[1])) - exact[1]) * 2**50)), abs=1e-3)
