"""Polynomials where formulas lose digits, against high-precision arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from sympy import Expr, Rational, Symbol, atan, exp, pi, sqrt

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.interpret import evaluate
from symact.kernel.program import Builder
from symact.kernel.search.patch import Patch, around, at_infinity, at_root, sign_changes
from symact.oracle.arb import ArbFunction

t = Symbol("t", positive=True)
PAIRED, FLOAT64 = ARITHMETICS["paired"], ARITHMETICS["float64"]

#: Their terms cancel for large t: 2/(3 pi t^3) and -1/(2 t^2) is what is left.
SLOPE = Rational(1, 2) - atan(t) / pi - t / (pi * (1 + t**2))
REST = t / sqrt(1 + t**2) - 1


def slope(u: mpf) -> mpf:
    return mpf(1) / 2 - mpmath.atan(u) / mpmath.pi - u / (mpmath.pi * (1 + u**2))


def rest(u: mpf) -> mpf:
    return u / mpmath.sqrt(1 + u**2) - 1


def values(patch: Patch, points: np.ndarray, in_pairs: bool) -> list[float]:
    b = Builder()
    x = b.input("x")
    step = patch.write_in_pairs(b, x) if in_pairs else patch.write(b, x, stepwise=True)
    kernel = b.kernel("patch", ["x"], [], {"y": step})
    found: list[float] = evaluate(kernel, {"x": points}, PAIRED)["y"].tolist()
    return found


@pytest.mark.parametrize(("expression", "exact", "order"), [(SLOPE, slope, 3), (REST, rest, 2)], ids=["slope", "rest"])
def test_tails_that_cancel_are_right_down_to_the_smallest_numbers(
    expression: Expr, exact: Callable[[mpf], mpf], order: int
) -> None:
    """To 1 unit in pairs of numbers, 3 in single ones, in spacings of subnormal numbers below the normal ones."""
    function = ArbFunction(expression, t)
    patches = list(at_infinity(function, FLOAT64))
    assert [patch.order for patch in patches] == [order] * len(patches) != []
    smallest = 2.0 ** (-1074 / order)
    points = 2.0 ** np.random.default_rng(2).uniform(6, -np.log2(smallest), 400)
    with mpmath.workprec(4000):
        wanted = [exact(mpf(point)) for point in points.tolist()]
    for in_pairs, bound in ((True, 1.0), (False, 3.0)):
        got = values(patches[0], points, in_pairs)
        for found, value in zip(got, wanted, strict=True):
            unit = mpf(max(float(np.spacing(abs(float(value)))), 5e-324))
            assert abs(mpf(found) - value) <= bound * unit
        ends = values(patches[0], np.array([1e300, 1.7e308, np.inf]), in_pairs)
        assert ends == [0.0, 0.0, 0.0]
        assert np.signbit(ends).tolist() == [bool(wanted[0] < 0)] * 3


@pytest.mark.parametrize("expression", [exp(-t), t**2 * exp(-t)], ids=str)
def test_exponential_tails_are_no_series_in_the_inverse(expression: Expr) -> None:
    assert list(at_infinity(ArbFunction(expression, t), FLOAT64)) == []


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("in_pairs", [False, True])
def test_an_exact_root_is_positive_zero_whichever_way_the_function_goes(sign: int, in_pairs: bool) -> None:
    falling = exp(-t) - exp(t - 1)
    found, *_ = at_root(ArbFunction(sign * falling, t), 0.4999, 0.5001, FLOAT64)
    points = np.array([0.5 - 2.0**-54, 0.5, 0.5 + 2.0**-53, 0.5 + 2.0**-8])
    got = values(found, points, in_pairs)
    assert (got[1], np.signbit(got[1])) == (0.0, False)
    with mpmath.workdps(60):
        wanted = [float(sign * (mpmath.exp(-mpf(p)) - mpmath.exp(mpf(p) - 1))) for p in points.tolist()]
    assert got == pytest.approx(wanted, rel=5e-16, abs=0)


def test_signs_change_across_an_input_that_is_a_root() -> None:
    where, what = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [3.0, 0.0, -1.0, -2.0, 1.0, 1.0]
    assert sign_changes(where, what) == [(4.0, 5.0)]
    assert sign_changes(where, what, exact=True) == [(1.0, 3.0), (4.0, 5.0)]


def test_in_between_a_polynomial_in_pairs_is_nearly_correctly_rounded() -> None:
    """Half a unit, 1/16 for the interpolation, and some more for what is not in pairs."""
    found = around(ArbFunction(SLOPE, t), 0.8, FLOAT64)
    assert found is not None
    points = np.random.default_rng(5).uniform(0.7, 0.9, 300)
    with mpmath.workprec(400):
        for got, point in zip(values(found, points, in_pairs=True), points.tolist(), strict=True):
            exact = slope(mpf(point))
            assert abs(got - exact) <= 0.6 * np.spacing(float(exact))


def test_there_is_no_patch_whose_coefficients_are_no_floats() -> None:
    """Those of t^(-3/2) around 1e-200 are 1e300, 1e500, ..."""
    steep = ArbFunction(t ** Rational(-3, 2), t)
    assert around(steep, 1e-200, PAIRED) is None
    assert around(steep, 2.0, PAIRED) is not None
