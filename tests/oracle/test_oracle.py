"""The oracle against mpmath, exact arithmetic and known hard cases; no expected value comes from Arb."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
import sympy
from entries import ENTRIES
from sympy import (
    LambertW,
    Rational,
    Symbol,
    acosh,
    asin,
    atan,
    atanh,
    cos,
    erf,
    erfc,
    exp,
    log,
    pi,
    sin,
    sqrt,
    tan,
    tanh,
)

from symact.catalog import get
from symact.errors import Error
from symact.oracle import FORMATS, Oracle
from symact.oracle.arb import ArbFunction
from symact.symbolic.branches import Branches, Piece, Point, split
from symact.symbolic.derivatives import derive

x = Symbol("x", real=True)


def whole(expression: sympy.Expr) -> Oracle:
    """The oracle of one expression on the whole line."""
    return Oracle(Branches(x, (Piece(-sympy.oo, sympy.oo, expression),), ()))


def to_fraction(value: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** exponent


def nearest(exact: Fraction, name: str) -> float:
    """Rounding by comparing neighbours: as unlike the code under test as can be."""
    if name == "float64":
        return float(exact)
    if name == "bfloat16":
        start = int(np.float32(float(exact)).view(np.uint32)) >> 16
        candidates = [float(np.uint32(bits << 16).view(np.float32)) for bits in range(max(start - 1, 0), start + 2)]
    else:
        kind = np.dtype(name).type
        start = kind(float(exact))
        candidates = [float(v) for v in (np.nextafter(start, kind(-np.inf)), start, np.nextafter(start, kind(np.inf)))]
    candidates = [c for c in candidates if math.isfinite(c)]

    def key(candidate: float) -> tuple[Fraction, bool]:
        odd = Fraction(candidate) / FORMATS[name].ulp(max(abs(exact), abs(Fraction(candidate)))) % 2 != 0
        return abs(Fraction(candidate) - exact), odd

    return min(candidates, key=key)


def test_a_fixed_precision_lies_and_growing_precision_does_not() -> None:
    expression = 1 - tanh(x) ** 2
    with flint.ctx.workprec(53):
        ball = 1 - flint.arb(40.0).tanh() ** 2
    assert ball.contains(0)
    truth = 4 * math.exp(-80) / (1 + math.exp(-80)) ** 2
    got = whole(expression).rounded(np.array([40.0]), "float64")[0]
    assert got == pytest.approx(truth, rel=1e-15)
    assert 1 - math.tanh(40.0) ** 2 == 0.0


@pytest.mark.parametrize(
    ("expression", "function", "point"),
    [
        # The hardest double arguments of exp and log: 58 to 65 bits beyond the 53rd are equal.
        (exp(x), mpmath.exp, float.fromhex("0x1.9e9cbbfd6080bp-31")),
        (exp(x), mpmath.exp, float.fromhex("0x1.83d4bcdebb3f4p2")),
        (exp(x), mpmath.exp, float.fromhex("-0x1.ed318efb627eap-27")),
        (log(x), mpmath.log, float.fromhex("0x1.62a88613629b6p678")),
    ],
)
def test_hard_cases_of_float64(expression: sympy.Expr, function: Callable[..., mpmath.mpf], point: float) -> None:
    with mpmath.workprec(500):
        exact = to_fraction(function(mpmath.mpf(point)))
    ulps = exact / FORMATS["float64"].ulp(exact) * 2
    assert abs(ulps - round(ulps)) < Fraction(1, 2**55), "not a hard case"
    assert whole(expression).rounded(np.array([point]), "float64")[0] == float(exact)


CLOSED = [
    (exp(x), mpmath.exp, (-700.0, 700.0)),
    (log(x), mpmath.log, (1e-300, 1e300)),
    (sqrt(x), mpmath.sqrt, (0.0, 1e10)),
    (x ** Rational(1, 3), mpmath.cbrt, (0.0, 1e10)),
    (x ** Rational(-5, 2), lambda v: v ** mpmath.mpf(-2.5), (0.1, 1e10)),
    (x**pi, lambda v: v**mpmath.pi, (0.0, 1e10)),
    (erf(x), mpmath.erf, (-5.0, 5.0)),
    (erfc(x), mpmath.erfc, (-5.0, 26.0)),
    (sin(x), mpmath.sin, (-1e10, 1e10)),
    (cos(x), mpmath.cos, (-100.0, 100.0)),
    (tan(x), mpmath.tan, (-100.0, 100.0)),
    (sympy.sinh(x), mpmath.sinh, (-100.0, 100.0)),
    (sympy.cosh(x), mpmath.cosh, (-100.0, 100.0)),
    (tanh(x), mpmath.tanh, (-100.0, 100.0)),
    (sympy.sech(x) ** 2, lambda v: mpmath.sech(v) ** 2, (-100.0, 100.0)),
    (asin(x), mpmath.asin, (-1.0, 1.0)),
    (sympy.acos(x), mpmath.acos, (-1.0, 1.0)),
    (atan(x), mpmath.atan, (-1e10, 1e10)),
    (sympy.asinh(x), mpmath.asinh, (-1e10, 1e10)),
    (acosh(x), mpmath.acosh, (1.0, 1e10)),
    (atanh(x), mpmath.atanh, (-1.0, 1.0)),
    (LambertW(x), mpmath.lambertw, (-0.36, 100.0)),
    (LambertW(x, -1), lambda v: mpmath.lambertw(v, -1), (-0.36, -1e-9)),
    (1 / (1 + exp(-x)) * (1 - 1 / (1 + exp(-x))), lambda v: mpmath.sech(v / 2) ** 2 / 4, (-100.0, 100.0)),
]


@pytest.mark.parametrize(("expression", "function", "span"), CLOSED, ids=[str(c[0]) for c in CLOSED])
@pytest.mark.parametrize("name", FORMATS)
def test_elementary_functions_are_rounded_as_mpmath_says(
    expression: sympy.Expr, function: Callable[..., mpmath.mpf], span: tuple[float, float], name: str
) -> None:
    format = FORMATS[name]
    low, high = (float(np.clip(end, -format.max, format.max)) for end in span)
    drawn = np.random.default_rng(7).uniform(low, high, 40)
    points = format.decode(format.encode(np.array([format.nearest(Fraction(float(v))) for v in drawn])))
    points = points[(points != 0) & (points > low) & (points < high)]
    got = format.decode(whole(expression).rounded(format.encode(points), name))
    for point, value in zip(points.tolist(), got.tolist(), strict=True):
        with mpmath.workprec(400):
            exact = to_fraction(mpmath.re(function(mpmath.mpf(point))))
        if abs(exact) < format.max:
            assert value == nearest(exact, name), point


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_catalogue_derivatives_are_those_of_the_definition(name: str, order: int) -> None:
    """mpmath differentiates the definition numerically: neither SymPy's derivative nor Arb has a part in it."""
    activation = get(name)
    derivation = derive(activation)
    branches = (derivation.function, derivation.first, derivation.second)[order]
    oracle = Oracle(branches.subs(activation.values))
    definition = sympy.lambdify(activation.x, activation.expression.subs(activation.values), "mpmath")
    drawn = np.random.default_rng(order).uniform(-1, 1, 30) * 10.0 ** np.linspace(-3, 1.6, 30)
    for dtype in ("float32", "float64"):
        points = FORMATS[dtype].decode(drawn.astype(dtype))
        got = FORMATS[dtype].decode(oracle.rounded(points.astype(dtype), dtype))
        for point, value in zip(points.tolist(), got.tolist(), strict=True):
            with mpmath.workprec(4000):
                h = mpmath.mpf(2) ** -1200
                at = [definition(mpmath.mpf(point) + k * h) for k in (-1, 0, 1)]
                exact = mpmath.mpf((at[1], (at[2] - at[0]) / (2 * h), (at[2] - 2 * at[1] + at[0]) / h**2)[order])
                # The difference quotient is off by about h**2 relative to f''' and f'''': nothing at 53 bits, but it
                # may move an exact 0.
                exact = mpmath.mpf(0) if abs(exact) < mpmath.mpf(2) ** -2000 else exact
            assert value == nearest(to_fraction(exact), dtype), point


def test_gradual_underflow_and_signs_of_zero() -> None:
    gelu = Oracle(split(get("gelu")))
    points = np.array([-14.2, -14.5, -40.0, -1e30, -np.inf, -0.0, 0.0], np.float32)
    got = gelu.rounded(points, "float32")
    with mpmath.workprec(400):
        exact = mpmath.mpf(float(points[0])) * mpmath.ncdf(mpmath.mpf(float(points[0])))
    assert -np.finfo(np.float32).smallest_normal < got[0] < 0
    assert got[0] == nearest(to_fraction(exact), "float32")
    assert (got[2:] == 0).all()
    assert np.signbit(got[2:]).tolist() == [True, True, True, True, False]


def test_limits_at_infinity_and_nan() -> None:
    ends = np.array([np.inf, -np.inf, np.nan])
    assert whole(atan(x)).rounded(ends, "float64")[:2].tolist() == [math.pi / 2, -math.pi / 2]
    assert whole(x / (1 + exp(-x))).rounded(ends, "float64").tolist()[:2] == [math.inf, 0.0]
    assert np.isnan(whole(sin(x)).rounded(ends, "float64")).all()
    assert whole(x * exp(-x)).rounded(ends, "float64").tolist()[:2] == [0.0, -math.inf]


def test_zero_signs_follow_the_side_and_are_positive_at_other_roots_and_on_flat_pieces() -> None:
    def signs(oracle: Oracle, *points: float) -> list[bool]:
        got = oracle.rounded(np.array(points), "float64")
        assert (got == 0).all()
        return np.signbit(got).tolist()

    assert signs(whole(tanh(x)), 0.0, -0.0) == [False, True]
    assert signs(whole(-tanh(x)), 0.0, -0.0) == [True, False]
    assert signs(whole(-x * x), 0.0, -0.0) == [True, True]
    assert signs(whole(x**3 - x), 1.0, -1.0) == [False, False]
    assert signs(whole(-log(x)), 1.0) == [False]
    assert signs(whole(-exp(-x)), 1e5, np.inf) == [True, True]
    assert signs(Oracle(split(get("relu"))), -1.0, -0.0, 0.0, -np.inf) == [False] * 4
    assert signs(Oracle(derive(get("relu")).first), 0.0, -0.0) == [False, False]
    assert signs(Oracle(split(get("hardswish"))), -0.0, -3.5, -np.inf) == [True, False, False]


def test_a_value_at_a_point_between_pieces_is_that_of_the_point() -> None:
    third = Rational(1, 3)
    step = Oracle(
        Branches(
            x,
            (Piece(-sympy.oo, third, -sympy.S.One), Piece(third, 1, x), Piece(sympy.S.One, sympy.oo, x + 1)),
            (Point(third, -sympy.S.One, third, third), Point(sympy.S.One, sympy.S.One, sympy.S(2), pi)),
        )
    )
    just_below, just_above = float(Fraction(1, 3)), math.nextafter(1 / 3, 1)
    assert Fraction(just_below) < Fraction(1, 3) < Fraction(just_above)
    got = step.rounded(np.array([0.0, just_below, just_above, 1.0, math.nextafter(1.0, 2)]), "float64")
    assert got.tolist() == [-1.0, -1.0, just_above, math.pi, 2.0]
    assert step.breakpoints == [just_below, 1.0]


def test_an_undefined_point_is_nan() -> None:
    pole = Oracle(
        Branches(
            x,
            (Piece(-sympy.oo, 0, 1 / x), Piece(0, sympy.oo, 1 / x)),
            (Point(sympy.S.Zero, -sympy.oo, sympy.oo, None),),
        )
    )
    assert np.isnan(pole.rounded(np.array([0.0, -0.0]), "float64")).all()


def test_exact_ties_round_to_even_and_near_ties_do_not() -> None:
    smallest = 2.0**-1074
    points = np.array([smallest, 3 * smallest, -smallest])
    assert whole(x / 2).rounded(points, "float64").tolist() == [0.0, 2 * smallest, -0.0]
    # x/2 + x**2/4 is above the tie by 2**-1074 of it.
    assert whole(x / (1 + exp(-x))).rounded(points, "float64").tolist() == [smallest, 2 * smallest, -0.0]
    # (x + sqrt(x**2 + 4))/2 is rational at 3/2 and 2**-30 - 2**30; the root is exact there.
    root = (x + sqrt(x**2 + 4)) / 2
    assert whole(root).rounded(np.array([1.5, 2.0**-30 - 2.0**30]), "float64").tolist() == [2.0, 2.0**-30]
    # (1 + 2**-24) is midway between two float32 numbers.
    assert whole(sqrt(1 + 2 * x + x**2)).rounded(np.array([2.0**-24], np.float32), "float32").tolist() == [1.0]


def test_overflow_is_decided_by_the_true_value() -> None:
    edge = math.log(np.finfo(np.float64).max)
    got = whole(exp(x)).rounded(np.array([edge, math.nextafter(edge, 1e3), 1e300]), "float64")
    assert math.isfinite(got[0])
    assert got[1] == got[2] == math.inf


def test_huge_arguments_leave_no_doubt() -> None:
    far = np.array([1e300, -1e300])
    assert whole(log(1 + exp(x))).rounded(far, "float64").tolist() == [1e300, 0.0]
    assert whole(1 - exp(-exp(x))).rounded(far, "float64").tolist() == [1.0, 0.0]
    assert whole(sympy.diff(1 - exp(-exp(x)), x)).rounded(far, "float64").tolist() == [0.0, 0.0]


def test_beyond_arbs_exponents_the_limit_counts_where_it_is_plain() -> None:
    far = np.array([700.0, 5951.99951171875, 97792.0, 1e300])
    assert whole(exp(exp(x))).rounded(far, "float64").tolist() == [math.inf] * 4
    got = whole(-exp(-exp(exp(x)))).rounded(far, "float64")
    assert (got == 0).all()
    assert np.signbit(got).all()
    for unknown in (sin(exp(x)) / x, x * (2 + sin(exp(x)))):
        with pytest.raises(Error, match=r"1e\+300"):
            whole(unknown).rounded(far[-1:], "float64")


def test_a_power_of_a_ball_around_zero_is_no_nan() -> None:
    mish_slope = x * (1 - tanh(log(exp(x) + 1)) ** 2) * exp(x) / (exp(x) + 1) + tanh(log(exp(x) + 1))
    got = whole(mish_slope).rounded(np.array([-3e38, -1e5, -80.0], np.float32), "float32")
    with mpmath.workprec(2000):
        exact = mpmath.diff(lambda v: v * mpmath.tanh(mpmath.log1p(mpmath.exp(v))), -80)
    assert got.tolist() == [0.0, 0.0, nearest(to_fraction(exact), "float32")]
    assert np.signbit(got[:2]).all()
    fifth = whole((x - 1) ** 5).rounded(np.array([-3.0, 0.5, 1.0]), "float64")
    assert fifth.tolist() == [-1024.0, -(2.0**-5), 0.0]


def test_the_backward_pass_rounds_the_product_once() -> None:
    third = whole(x / 3)
    points, factor = np.array([1.0, 1.0, 1.0, 1.0]), np.array([3.0, np.inf, np.nan, -0.0])
    got = third.reference(points, "float64", factor).rounded
    assert got[0] == 1.0
    assert got[1] == np.inf
    assert np.isnan(got[2])
    assert math.copysign(1, got[3]) == -1
    flat = Oracle(derive(get("relu")).first)
    got = flat.reference(-points, "float64", np.array([2.0, np.inf, np.nan, -2.0])).rounded
    assert got[0] == 0
    assert np.isnan(got[1:3]).all()
    assert math.copysign(1, got[3]) == -1


def test_enclosure_contains_the_value_and_narrows() -> None:
    middle, radius = whole(exp(x)).enclosure(1.0, 300)
    with mpmath.workprec(500):
        truth = to_fraction(+mpmath.e)
    assert abs(middle - truth) <= radius < Fraction(1, 2**280)


def test_an_unsupported_function_and_an_unset_parameter_are_named() -> None:
    with pytest.raises(Error, match="zeta"):
        whole(sympy.zeta(x))
    with pytest.raises(Error, match="beta"):
        Oracle(split(get("softplus")))


def test_a_point_that_is_asked_for_in_other_company_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    values = ArbFunction.values

    def counted(self: ArbFunction, points: list[float], precision: int) -> list[flint.arb]:
        asked.append(len(points))
        return values(self, points, precision)

    monkeypatch.setattr(ArbFunction, "values", counted)
    oracle, points = whole(exp(x) - 1), np.random.default_rng(7).normal(size=200)
    first = oracle.reference(points, "float64")
    assert asked == [200]
    both = oracle.reference(np.concatenate([points[50:100], points[:50] + 1.0, points[:10]]), "float64")
    assert asked == [200, 50]
    assert np.array_equal(both[np.arange(50)].rounded, first.rounded[50:100])
    assert np.array_equal(both[np.arange(100, 110)].balls.low, first.balls.low[:10])
    assert both.rounded[50:100] == pytest.approx(np.expm1(points[:50] + 1.0), rel=1e-15)
    oracle.reference(points[:100], "float32")
    assert asked == [200, 50, 100]


def test_a_function_that_is_not_real_at_a_point_says_where() -> None:
    with pytest.raises(Error, match=r"-2\.0"):
        whole(log(x)).rounded(np.array([-2.0]), "float64")


def test_logarithms_and_exponentials_beside_1_lose_nothing_to_it() -> None:
    """log(1 + exp(-200)) and 1 - exp(-exp(-200)) are exp(-200) to 88 digits; 128 bits of 1 + exp(-200) are 1."""
    for expression in (sympy.log(1 + sympy.exp(x)), 1 - sympy.exp(-sympy.exp(x)), sympy.exp(sympy.exp(x)) - 1):
        (ball,) = ArbFunction(expression, x).values([-200.0], 128)
        with mpmath.workprec(256):
            expected = mpmath.exp(-200)
            assert abs(mpmath.mpf(ball.mid().str(50, radius=False)) / expected - 1) < mpmath.mpf(2) ** -110
            assert mpmath.mpf(ball.rad().str(10, radius=False)) < expected * mpmath.mpf(2) ** -110


def test_sums_with_an_exponential_and_a_number_other_than_1_are_what_they_are() -> None:
    """x + exp(x) - 1 and exp(x) + 1 and exp(2*x) - 2, with mpmath beside."""
    cases: list[tuple[sympy.Expr, Callable[[float], mpmath.mpf]]] = [
        (x + sympy.exp(x) - 1, lambda v: v + mpmath.exp(v) - 1),
        (sympy.exp(x) + 1, lambda v: mpmath.exp(v) + 1),
        (sympy.exp(2 * x) - 2, lambda v: mpmath.exp(2 * v) - 2),
        (3 - sympy.exp(x) - x, lambda v: 3 - mpmath.exp(v) - v),
    ]
    for expression, function in cases:
        (ball,) = ArbFunction(expression, x).values([0.375], 128)
        with mpmath.workprec(200):
            assert abs(mpmath.mpf(ball.mid().str(50, radius=False)) - function(0.375)) < mpmath.mpf(2) ** -120


def test_a_limit_is_no_value_where_the_function_only_slowly_tends_to_it() -> None:
    """About 1/(2x), and 0/0 where the exponentials cancel more digits than there are; exp(-x) in place of 1/x is 0."""
    slow = whole(exp(x) / ((exp(x) + x) ** 2 - exp(2 * x)))
    assert slow.rounded(np.array([700.0]), "float64").tolist() == [1 / 1400]
    with pytest.raises(Error, match="could not be enclosed"):
        slow.rounded(np.array([2.0**15]), "float64")
    fast = whole(1 / ((exp(x) + x) ** 2 - exp(2 * x)))
    assert fast.rounded(np.array([2.0**15]), "float64").tolist() == [0.0]
