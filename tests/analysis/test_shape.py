"""Shapes against facts derived by hand; numbers against mpmath's root finder and maxima on a grid."""

import itertools

import mpmath
import pytest
from sympy import Abs, Max, Min, Piecewise, Symbol, exp, lambdify, log, oo, sign, sin, sympify

from symact import catalog
from symact.activation import Activation
from symact.analysis.numbers import UndecidedError
from symact.analysis.record import Enclosure, Span
from symact.analysis.shape import shape, symmetry
from symact.analysis.signs import end_limit
from symact.symbolic.derivatives import Derivation, derive

x = Symbol("x", real=True)


def bound(activation):
    symbolic = derive(activation)
    return Derivation(*(b.subs(activation.values) for b in (symbolic.function, symbolic.first, symbolic.second)))


def limits(branches):
    found = {}
    for end, at, piece, side in (("+oo", oo, branches.pieces[-1], "-"), ("-oo", -oo, branches.pieces[0], "+")):
        try:
            found[end] = end_limit(piece.expression, branches.x, at, side)
        except UndecidedError:
            found[end] = None
    return found


def shape_of(activation):
    if not isinstance(activation, Activation):
        activation = Activation("custom", lambda _, expression=activation: expression)
    derivation = bound(activation)
    return shape(derivation, limits(derivation.function), limits(derivation.first), *symmetry(derivation.function))


ALL, LEFT, RIGHT = Span("-oo", "oo"), Span("-oo", "0"), Span("0", "oo")

#: Per entry: range, bounded, monotone, odd, convex on, concave on, Lipschitz constant, zeros, fixed points.
EXACT = {
    "identity": ("Interval(-oo, oo)", False, "strictly increasing", True, [ALL], [ALL], "1", ["0"], [ALL]),
    "relu": ("Interval(0, oo)", False, "increasing", False, [ALL], [LEFT, RIGHT], "1", [LEFT], [RIGHT]),
    "leaky_relu": (
        "Interval(-oo, oo)", False, "strictly increasing", False, [ALL], [LEFT, RIGHT], "1", ["0"], [RIGHT]
    ),
    "elu": ("Interval.open(-1, oo)", False, "strictly increasing", False, [ALL], [RIGHT], "1", ["0"], [RIGHT]),
    "softplus": ("Interval.open(0, oo)", False, "strictly increasing", False, [ALL], [], "1", [], []),
    "logsigmoid": ("Interval.open(-oo, 0)", False, "strictly increasing", False, [], [ALL], "1", [], []),
    "tanhshrink": ("Interval(-oo, oo)", False, "strictly increasing", True, [RIGHT], [LEFT], "1", ["0"], ["0"]),
    "celu": ("Interval.open(-1, oo)", False, "strictly increasing", False, [ALL], [RIGHT], "1", ["0"], [RIGHT]),
    "relu6": (
        "Interval(0, 6)", True, "increasing", False,
        [Span("-oo", "6"), Span("6", "oo")], [LEFT, RIGHT], "1", [LEFT], [Span("0", "6")],
    ),
    "hardsigmoid": (
        "Interval(0, 1)", True, "increasing", False,
        [Span("-oo", "3"), Span("3", "oo")], [Span("-oo", "-3"), Span("-3", "oo")], "1/6", [Span("-oo", "-3")], ["3/5"],
    ),
    "tanh": ("Interval.open(-1, 1)", True, "strictly increasing", True, [LEFT], [RIGHT], "1", ["0"], ["0"]),
    "arctan": ("Interval.open(-pi/2, pi/2)", True, "strictly increasing", True, [LEFT], [RIGHT], "1", ["0"], ["0"]),
    "softsign": ("Interval.open(-1, 1)", True, "strictly increasing", True, [LEFT], [RIGHT], "1", ["0"], ["0"]),
    "logsig": ("Interval.open(-1, 1)", True, "strictly increasing", True, [LEFT], [RIGHT], "1", ["0"], ["0"]),
    "logmin": ("Interval(0, oo)", False, "increasing", False, [LEFT], [LEFT, RIGHT], "1", [LEFT], ["0"]),
    "log_semisigmoid": (
        "Interval(-oo, oo)", False, "strictly increasing", True, [LEFT], [RIGHT], "1", ["0"], ["0"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_catalogue(name):
    found = shape_of(catalog.get(name))
    span, bounded, monotone, odd, convex, concave, lipschitz, zeros, fixed = EXACT[name]
    assert found.range is not None
    assert found.range.interval == span
    assert (found.bounded, found.monotone, found.odd, found.even) == (bounded, monotone, odd, False)
    assert found.convex is not None
    assert (list(found.convex.convex), list(found.convex.concave)) == (convex, concave)
    assert found.lipschitz == lipschitz
    assert (list(found.zeros), list(found.fixed_points), found.extrema) == (zeros, fixed, ())


def agrees(value, true):
    assert isinstance(value, Enclosure)
    assert abs(mpmath.mpf(repr(value.value)) - true) <= value.radius < 1e-13


@pytest.fixture
def digits():
    with mpmath.workdps(40):
        yield


def test_logistic(digits):
    found = shape_of(catalog.get("logistic"))
    assert found.range.interval == "Interval.open(0, 1)"
    assert (found.lipschitz, found.monotone, found.zeros) == ("1/4", "strictly increasing", ())
    assert (found.convex.convex, found.convex.concave) == ((LEFT,), (RIGHT,))
    (fixed,) = found.fixed_points
    agrees(fixed, mpmath.findroot(lambda t: 1 / (1 + mpmath.exp(-t)) - t, 0.66))


def test_silu(digits):
    found = shape_of(catalog.get("silu"))
    (minimum,) = found.extrema
    at = mpmath.findroot(lambda t: mpmath.exp(t) + 1 + t, -1.3)
    agrees(minimum.x, at)
    agrees(minimum.value, at / (1 + mpmath.exp(-at)))
    assert minimum.kind == "minimum"
    assert (minimum.x.value, minimum.value.value) == (-1.27846454276107, -0.278464542761074)
    assert found.range.lower == minimum.value
    assert (found.range.upper, found.range.lower_attained, found.range.upper_attained) == ("oo", True, False)
    assert found.range.interval == "Interval(-0.278464542761074, oo)"
    bend = mpmath.findroot(lambda t: t * mpmath.tanh(t / 2) - 2, 2.4)
    slope = lambda t: (1 + t / (1 + mpmath.exp(t))) / (1 + mpmath.exp(-t))  # noqa: E731
    agrees(found.lipschitz, slope(bend))
    agrees(found.convex.convex[0].upper, bend)
    assert (found.monotone, found.bounded, found.zeros, found.fixed_points) == ("none", False, ("0",), ("0",))


def test_silu_scales_with_beta(digits):
    """silu with beta is silu(beta*x)/beta."""
    plain = shape_of(catalog.get("silu"))
    steep = shape_of(catalog.get("silu").with_values({"beta": 3}))
    assert abs(steep.extrema[0].value.value * 3 - plain.extrema[0].value.value) < 1e-14
    assert abs(steep.lipschitz.value - plain.lipschitz.value) < 1e-13


def test_gelu(digits):
    found = shape_of(catalog.get("gelu"))
    (minimum,) = found.extrema
    at = mpmath.findroot(lambda t: mpmath.ncdf(t) + t * mpmath.npdf(t), -0.75)
    agrees(minimum.x, at)
    agrees(minimum.value, at * mpmath.ncdf(at))
    assert minimum.x.value == -0.751791524693564
    root = mpmath.sqrt(2)
    true = mpmath.ncdf(root) + root * mpmath.npdf(root)
    assert found.lipschitz == "exp(-1)/sqrt(pi) + erf(1)/2 + 1/2"
    assert abs(mpmath.exp(-1) / mpmath.sqrt(mpmath.pi) + mpmath.erf(1) / 2 + 0.5 - true) < 1e-30
    assert found.convex.convex == (Span("-sqrt(2)", "sqrt(2)"),)


def test_mish(digits):
    found = shape_of(catalog.get("mish"))
    f = lambda t: t * mpmath.tanh(mpmath.log1p(mpmath.exp(t)))  # noqa: E731
    (minimum,) = found.extrema
    at = mpmath.findroot(lambda t: mpmath.diff(f, t), -1.19)
    agrees(minimum.x, at)
    agrees(minimum.value, f(at))
    left, right = (mpmath.findroot(lambda t: mpmath.diff(f, t, 2), start) for start in (-2.26, 1.49))
    (bend,) = found.convex.convex
    agrees(bend.lower, left)
    agrees(bend.upper, right)
    agrees(found.lipschitz, mpmath.diff(f, right))
    assert (found.range.upper, found.zeros, found.fixed_points) == ("oo", ("0",), ("0",))


def test_gelu_tanh(digits):
    found = shape_of(catalog.get("gelu_tanh"))
    slope = mpmath.sqrt(2 / mpmath.pi)
    f = lambda t: t / 2 * (1 + mpmath.tanh(slope * (t + mpmath.mpf("0.044715") * t**3)))  # noqa: E731
    (minimum,) = found.extrema
    at = mpmath.findroot(lambda t: mpmath.diff(f, t), -0.75)
    agrees(minimum.x, at)
    agrees(minimum.value, f(at))
    agrees(found.lipschitz, mpmath.diff(f, mpmath.findroot(lambda t: mpmath.diff(f, t, 2), 1.42)))


def test_erf(digits):
    found = shape_of(catalog.get("erf"))
    assert (found.range.interval, found.monotone, found.odd) == ("Interval.open(-1, 1)", "strictly increasing", True)
    assert (found.lipschitz, found.zeros) == ("2/sqrt(pi)", ("0",))
    left, middle, right = found.fixed_points
    assert middle == "0"
    agrees(right, mpmath.findroot(lambda t: mpmath.erf(t) - t, 0.6))
    agrees(left, mpmath.findroot(lambda t: mpmath.erf(t) - t, -0.6))


def test_selu(digits):
    """Steeper on the left: lambda*alpha = 1.7580993408473768599402175208123, which libraries write out."""
    found = shape_of(catalog.get("selu"))
    assert (found.monotone, found.zeros) == ("strictly increasing", ("0",))
    assert found.convex.convex == (LEFT, RIGHT)
    steepest = mpmath.mpf("1.7580993408473768599402175208123")
    assert abs(mpmath.mpmathify(sympify(found.lipschitz)) - steepest) < 1e-30
    (low, zero) = found.fixed_points
    assert zero == "0"
    agrees(low, mpmath.findroot(lambda t: steepest * mpmath.expm1(t) - t, -1.26))


def test_negative_slope_makes_leaky_relu_turn():
    found = shape_of(catalog.get("leaky_relu").with_values({"alpha": "-1/2"}))
    assert found.range.interval == "Interval(0, oo)"
    assert [(e.x, e.value, e.kind) for e in found.extrema] == [("0", "0", "minimum")]
    assert found.monotone == "none"


def test_jumps_make_unions_and_no_lipschitz_constant():
    found = shape_of(sign(x))
    assert found.range.interval == "{-1, 0, 1}"
    assert (found.lipschitz, found.monotone, found.odd, found.extrema) == ("oo", "increasing", True, None)
    assert found.fixed_points == ("-1", "0", "1")


def test_hard_shapes():
    relu6 = shape_of(Min(Max(x, 0), 6))
    assert relu6.range.interval == "Interval(0, 6)"
    assert relu6.zeros == (LEFT,)
    assert relu6.fixed_points == (Span("0", "6"),)
    assert relu6.convex.convex == (Span("-oo", "6"), Span("6", "oo"))
    hard_swish = shape_of(x * Min(Max(x + 3, 0), 6) / 6)
    assert hard_swish.range.interval == "Interval(-3/8, oo)"
    assert [(e.x, e.value, e.kind) for e in hard_swish.extrema] == [("-3/2", "-3/8", "minimum")]
    assert hard_swish.lipschitz == "3/2"
    assert hard_swish.zeros == (Span("-oo", "-3"), "0")


def test_even_functions():
    bump = shape_of(exp(-(x**2)))
    assert (bump.even, bump.odd, bump.range.interval) == (True, False, "Interval.Lopen(0, 1)")
    assert [(e.x, e.value, e.kind) for e in bump.extrema] == [("0", "1", "maximum")]
    size = shape_of(Abs(x))
    assert (size.even, size.lipschitz) == (True, "1")
    assert [(e.x, e.kind) for e in size.extrema] == [("0", "minimum")]


def test_zero_is_odd_and_even():
    found = shape_of(Max(x, 0) - Max(x, 0))
    assert (found.odd, found.even, found.monotone, found.range.interval) == (True, True, "constant", "{0}")


def test_what_cannot_be_proved_is_none():
    found = shape_of(x + 2 * sin(x))
    assert (found.range, found.monotone, found.lipschitz, found.zeros) == (None, None, None, None)
    assert found.odd is True


@pytest.mark.parametrize(
    "expression",
    [
        x * log(1 + 1 / (1 + exp(-x))),
        exp(-exp(-x)),
        (x - 1) ** 2 * (x + 2) * exp(-(x**2)),
        x / log(exp(1) + Abs(x)),
        Piecewise((x, x > 0), (x * exp(x), True)),
        1 / (1 + exp(-x)) - 1 / (1 + exp(-2 * x)),
        x**3 - 3 * x,
        x**2 * exp(-Abs(x)),
    ],
    ids=str,
)
def test_a_fine_grid_finds_nothing_else(expression, digits):
    """Every value, slope, turn and crossing on a grid is among what the shape says, and the suprema are approached."""
    derivation = bound(Activation("custom", lambda _: expression))
    found = shape_of(expression)
    cuts = [mpmath.mpf(str(point.x)) for point in derivation.function.points]

    def on(branches, points):
        functions = [lambdify(x, piece.expression, "mpmath") for piece in branches.pieces]
        return [mpmath.mpf(functions[sum(t > cut for cut in cuts)](t)) for t in points]

    points = [mpmath.mpf(k) / 16 + mpmath.mpf("0.0123") for k in range(-320, 320)]
    values, slopes = on(derivation.function, points), on(derivation.first, points)

    def number(value):
        return mpmath.mpf(value.value) if isinstance(value, Enclosure) else mpmath.mpf(str(lambdify([], value)()))

    def changes(numbers):
        return sum(a * b < 0 for a, b in itertools.pairwise(numbers))

    if found.bounded:
        assert number(found.range.lower) - 1e-13 <= min(values)
        assert max(values) <= number(found.range.upper) + 1e-13
    if found.lipschitz != "oo":
        steepest = max(map(abs, slopes))
        assert 0.97 * number(found.lipschitz) <= steepest <= number(found.lipschitz) * (1 + 1e-13)
    assert changes(slopes) == len(found.extrema)
    assert changes(values) <= len(found.zeros)
    assert changes([v - t for v, t in zip(values, points, strict=True)]) <= len(found.fixed_points)
