"""Sign tables of functions whose roots are known by hand or from mpmath's root finder."""

import mpmath
import pytest
from flint import arb, ctx
from sympy import (
    Rational,
    S,
    Symbol,
    asinh,
    atan,
    cos,
    cosh,
    diff,
    erf,
    exp,
    log,
    oo,
    pi,
    sin,
    sinh,
    sqrt,
    tanh,
)

from symact.analysis.numbers import Number, UndecidedError
from symact.analysis.signs import Domain, Signs, Solver, end_limit

x = Symbol("x", real=True)
LINE = Domain(Number.of(-oo), Number.of(oo))
RIGHT = Domain(Number.of(S.Zero), Number.of(oo))
LEFT = Domain(Number.of(-oo), Number.of(S.Zero))


def signs(expression, domain=LINE):
    return Solver(x, seconds=60).signs(expression, domain)


@pytest.mark.parametrize(
    ("expression", "domain", "roots", "expected"),
    [
        (S.Zero, LINE, [], (0,)),
        (S(-3), LINE, [], (-1,)),
        (x**2 - 2, LINE, [-sqrt(2), sqrt(2)], (1, -1, 1)),
        (x**2 - 2, RIGHT, [sqrt(2)], (-1, 1)),
        (x**2 + 1, LINE, [], (1,)),
        ((x - 1) ** 2, LINE, [S.One], (1, 1)),
        (-(x**3), LINE, [S.Zero], (1, -1)),
        ((2 - x**2) * exp(-(x**2) / 2), LINE, [-sqrt(2), sqrt(2)], (-1, 1, -1)),
        (1 - tanh(x) ** 2, LINE, [], (1,)),
        (-2 * tanh(x) * (1 - tanh(x) ** 2), LINE, [S.Zero], (1, -1)),
        (exp(2 * x) - 3 * exp(x) + 2, LINE, [S.Zero, log(2)], (1, -1, 1)),
        (log(1 + x) - 2, RIGHT, [exp(2) - 1], (-1, 1)),
        (log(1 + x) - x, RIGHT, [], (-1,)),
        (exp(x) - 1 - x, LINE, [S.Zero], (1, 1)),
        (atan(x) - x, LINE, [S.Zero], (1, -1)),
        (x - sinh(x), LINE, [S.Zero], (1, -1)),
        (cosh(x) - 1 - x**2 / 2, LINE, [S.Zero], (1, 1)),
        (x * (1 + exp(x)), LEFT, [], (-1,)),
        (1 / (1 + exp(-x)) - Rational(1, 2), LINE, [S.Zero], (-1, 1)),
        (asinh(x) - log(x + sqrt(1 + x**2)) + x, RIGHT, [], (1,)),
    ],
)
def test_exact_tables(expression, domain, roots, expected):
    found = signs(expression, domain)
    assert found.signs == expected
    assert len(found.roots) == len(roots)
    for number, root in zip(found.roots, roots, strict=True):
        assert number.exact is not None
        assert (number.exact - root).simplify() == 0


@pytest.mark.parametrize(
    ("expression", "true", "starts"),
    [
        # silu' = 0 where exp(x) + 1 + x = 0.
        (diff(x / (1 + exp(-x)), x), lambda t: mpmath.exp(t) + 1 + t, [-1.3]),
        (x**5 - x - 1, lambda t: t**5 - t - 1, [1.2]),
        # gelu' = Phi + x*phi.
        (
            diff(x / 2 * (1 + erf(x / sqrt(2))), x),
            lambda t: mpmath.ncdf(t) + t * mpmath.npdf(t),
            [-0.75],
        ),
        # mish''.
        (
            diff(x * tanh(log(1 + exp(x))), x, 2),
            lambda t: mpmath.diff(lambda u: u * mpmath.tanh(mpmath.log1p(mpmath.exp(u))), t, 2),
            [-2.2, 1.5],
        ),
        (erf(x) - x, lambda t: mpmath.erf(t) - t, [-0.6, 0, 0.6]),
        # The tanh form of gelu, second derivative.
        (
            diff(x / 2 * (1 + tanh(sqrt(2 / pi) * (x + Rational(44715, 10**6) * x**3))), x, 2),
            lambda t: mpmath.diff(
                lambda u: u * mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (u + mpmath.mpf("0.044715") * u**3)) / 2, t, 2
            ),
            [-1.4, 1.4],
        ),
        (
            (x**2 - 1) * exp(x) - x**4 + 3,
            lambda t: (t * t - 1) * mpmath.exp(t) - t**4 + 3,
            [-1.3],
        ),
        (
            sqrt(2) * x**5 - pi * x**3 - x + 1,
            lambda t: mpmath.sqrt(2) * t**5 - mpmath.pi * t**3 - t + 1,
            [-1.6, 0.5, 1.5],
        ),
    ],
)
def test_enclosed_roots_against_mpmath(expression, true, starts):
    found = signs(expression)
    assert len(found.roots) == len(starts)
    with mpmath.workdps(40), ctx.workprec(200):
        for number, start in zip(found.roots, starts, strict=True):
            second = arb(mpmath.nstr(mpmath.findroot(true, start), 38))
            assert abs(number.ball - second) < arb(10) ** -25


def test_signs_alternate_at_simple_roots():
    found = signs(erf(x) - x)
    assert found.signs == (1, -1, 1, -1)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [(2 + sin(x), 1), (cos(3 * x) ** 2 / 2 - 1, -1), (exp(-x) * (sin(x) * cos(x) - Rational(3, 2)), -1)],
)
def test_oscillations_that_are_outweighed(expression, expected):
    assert signs(expression).constant == expected


@pytest.mark.parametrize("expression", [sin(x), 1 + sin(x), x + 2 * sin(x), sin(x) * exp(-x), exp(x) - cos(x)])
def test_infinitely_many_roots_are_not_answered(expression):
    with pytest.raises(UndecidedError):
        signs(expression)


def test_products_merge_roots():
    one, two = Number.of(S.One), Number.of(S(2))
    product = Signs((one,), (-1, 1)) * Signs((one, two), (1, -1, 1))
    assert product.roots == (one, two)
    assert product.signs == (-1, -1, 1)


@pytest.mark.parametrize(
    ("expression", "end", "side", "limit"),
    [
        (1 + x * (1 - 1 / (1 + exp(-x))), oo, "-", S.One),
        ((1 + exp(x)) ** (1 / x), oo, "-", exp(1)),
        (x * exp(-x), oo, "-", S.Zero),
        (sin(x) * exp(-x), oo, "-", S.Zero),
        ((exp(x) - 1) / x, S.Zero, "+", S.One),
        (log(1 + x) / (1 + log(1 + x)), oo, "-", S.One),
    ],
)
def test_limits_at_ends(expression, end, side, limit):
    assert end_limit(expression, x, end, side) == limit


def test_no_limit_is_no_answer():
    with pytest.raises(UndecidedError):
        end_limit(sin(x), x, oo, "-")


def test_time_is_limited():
    with pytest.raises(UndecidedError, match="time"):
        Solver(x, seconds=0).signs(x**2 - 2, LINE)


def test_a_wrong_limit_is_unmasked():
    """Told that exp(x) - 2 tends to 1 at -oo, the solver finds a value that contradicts it."""
    with pytest.raises(UndecidedError, match="contradict"):
        Solver(x).monotone(exp(x) - 2, Signs((), (1,)), LINE, (S.One, oo))
