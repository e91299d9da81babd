"""Tails against keys derived by hand: the word beside each entry says how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sympy import (
    E,
    Expr,
    LambertW,
    Rational,
    S,
    Symbol,
    acosh,
    asin,
    asinh,
    atan,
    atanh,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    gamma,
    log,
    oo,
    pi,
    sin,
    sqrt,
    sympify,
    tanh,
)

from symact.analysis.tail import Tail
from symact.analysis.tails import derivative_tail, residual_tail
from symact.symbolic.leading import leading_term
from symact.symbolic.limits import limit_at

t = Symbol("t", positive=True)


def logistic(u: Expr) -> Expr:
    return 1 / (1 + exp(-u))


def softplus(u: Expr) -> Expr:
    return log(1 + exp(u))


@dataclass
class Key:
    """What is expected: the class, its parameters, the leading term."""

    kind: str
    leading: Expr | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    approach: Key | None = None


def power(leading: Expr, index: str, log_index: str = "0") -> Key:
    return Key("power", leading, {"index": index, "log_index": log_index})


def exponential(leading: Expr, rate: str) -> Key:
    return Key("exponential", leading, {"rate": rate})


def superexponential(leading: Expr, order: str) -> Key:
    return Key("superexponential", leading, {"order": order})


def stretched(leading: Expr, order: str) -> Key:
    return Key("stretched-exponential", leading, {"order": order})


def lognormal(leading: Expr) -> Key:
    return Key("lognormal", leading, {"order": "0"})


def slow(leading: Expr) -> Key:
    return Key("slowly-varying", leading)


def constant(limit: Expr, approach: Key | None) -> Key:
    return Key("constant", limit, {"limit": str(limit)}, approach)


def growing(leading: Expr, growth: str) -> Key:
    return Key("growing", leading, {"growth": growth})


DEAD, OSCILLATING = Key("dead", S.Zero), Key("oscillating")

#: f(x), the side, the key of f' there.
KEYS: list[tuple[str, Callable[[Expr], Expr], int, Key]] = [
    # The catalogue.
    ("identity", lambda x: x, 1, constant(S.One, None)),
    ("zero", lambda x: 0 * x, -1, DEAD),
    ("tanh", tanh, 1, exponential(4 * exp(-2 * t), "2")),  # sech**2 = 4/(e**t + e**-t)**2
    ("tanh", tanh, -1, exponential(4 * exp(-2 * t), "2")),  # f' is even
    ("logistic", logistic, 1, exponential(exp(-t), "1")),  # s(1 - s)
    ("logistic", logistic, -1, exponential(exp(-t), "1")),
    ("arctan", atan, 1, power(t**-2, "2")),  # 1/(1 + t**2)
    ("softsign", lambda x: x / (1 + x), 1, power(t**-2, "2")),  # 1/(1 + t)**2
    ("logsig", lambda x: log(1 + x) / (1 + log(1 + x)), 1, power(1 / (t * log(t) ** 2), "1", "2")),  # chain rule
    ("logmin", lambda x: log(1 + x), 1, power(1 / t, "1")),
    ("softplus", softplus, 1, constant(S.One, exponential(-exp(-t), "1"))),  # f' is logistic
    ("softplus", softplus, -1, exponential(exp(-t), "1")),
    ("elu", lambda x: exp(x) - 1, -1, exponential(exp(-t), "1")),
    ("silu", lambda x: x * logistic(x), 1, constant(S.One, exponential(t * exp(-t), "1"))),  # s + t*s'
    ("silu", lambda x: x * logistic(x), -1, exponential(-t * exp(-t), "1")),
    ("logsigmoid", lambda x: log(logistic(x)), 1, exponential(exp(-t), "1")),  # f' = 1/(1 + e**x)
    ("logsigmoid", lambda x: log(logistic(x)), -1, constant(S.One, exponential(-exp(-t), "1"))),
    ("tanhshrink", lambda x: x - tanh(x), 1, constant(S.One, exponential(-4 * exp(-2 * t), "2"))),  # 1 - sech**2
    ("erf", erf, 1, superexponential(2 * exp(-(t**2)) / sqrt(pi), "2")),
    # Phi(x) + x*phi(x): the first is O(phi/t) at -oo, so the second leads.
    ("gelu", lambda x: x / 2 * (1 + erf(x / sqrt(2))), -1, superexponential(-t * exp(-(t**2) / 2) / sqrt(2 * pi), "2")),
    (
        "gelu",
        lambda x: x / 2 * (1 + erf(x / sqrt(2))),
        1,
        constant(S.One, superexponential(t * exp(-(t**2) / 2) / sqrt(2 * pi), "2")),
    ),
    # Sigmoids.
    ("algebraic", lambda x: x / sqrt(1 + x**2), 1, power(t**-3, "3")),  # (1 + t**2)**(-3/2)
    ("Gudermannian", lambda x: 2 * atan(tanh(x / 2)), 1, exponential(2 * exp(-t), "1")),  # sech
    ("Gompertz", lambda x: exp(-exp(-x)), 1, exponential(exp(-t), "1")),  # chain rule
    ("Gompertz", lambda x: exp(-exp(-x)), -1, superexponential(exp(t - exp(t)), "oo")),  # h = e**t - 1, t*h'/h -> oo
    ("cloglog", lambda x: 1 - exp(-exp(x)), 1, superexponential(exp(t - exp(t)), "oo")),  # Gompertz mirrored
    ("cloglog", lambda x: 1 - exp(-exp(x)), -1, exponential(exp(-t), "1")),
    ("normal", lambda x: (1 + erf(x / sqrt(2))) / 2, -1, superexponential(exp(-(t**2) / 2) / sqrt(2 * pi), "2")),
    # Student's density for 3 degrees of freedom is 6*sqrt(3)/(pi*(3 + x**2)**2).
    (
        "Student",
        lambda x: Rational(1, 2) + (x / (sqrt(3) * (1 + x**2 / 3)) + atan(x / sqrt(3))) / pi,
        1,
        power(6 * sqrt(3) / pi / t**4, "4"),
    ),
    # asinh t = ln 2t + o(1/t): exp(-ln(2t)**2) times 1/t.
    ("erf(asinh)", lambda x: erf(asinh(x)), 1, lognormal(2 / sqrt(pi) * exp(-(log(2 * t) ** 2)) / t)),
    ("root", lambda x: 1 - (1 + sqrt(x)) * exp(-sqrt(x)), 1, stretched(exp(-sqrt(t)) / 2, "1/2")),  # exact
    # L = ln t, M = ln L: 1/(t*L*M**2); M is slowly varying in ln t.
    (
        "three logarithms",
        lambda x: 1 - 1 / (1 + log(1 + log(1 + x))),
        1,
        power(1 / (t * log(t) * log(log(t)) ** 2), "1", "1"),
    ),
    ("x/ln", lambda x: x / log(E + x), 1, slow(1 / log(t))),  # quotient rule
    # f' = (1 + t**a)**(-101), a = 1/100.
    (
        "hundredth",
        lambda x: x / (1 + x ** Rational(1, 100)) ** 100,
        1,
        power(t ** Rational(-101, 100), "101/100"),
    ),
    ("wide", lambda x: logistic(x / 10**6), 1, exponential(exp(-t / 10**6) / 10**6, "1/1000000")),  # scaled
    ("narrow", lambda x: tanh(10**8 * x), 1, exponential(4 * 10**8 * exp(-2 * 10**8 * t), "200000000")),
    ("tanh of a cube", lambda x: tanh(x**3), 1, superexponential(12 * t**2 * exp(-2 * t**3), "3")),  # chain rule
    ("tanh of a root", lambda x: tanh(sqrt(x)), 1, stretched(2 * exp(-2 * sqrt(t)) / sqrt(t), "1/2")),
    ("tanh of a logarithm", lambda x: tanh(log(1 + x)), 1, power(4 / t**3, "3")),  # 1 - 2/((1 + t)**2 + 1)
    ("erf of a root", lambda x: erf(sqrt(x)), 1, exponential(exp(-t) / sqrt(pi * t), "1")),
    ("erf of a logarithm", lambda x: erf(log(1 + x)), 1, lognormal(2 / sqrt(pi) * exp(-(log(t) ** 2)) / t)),
    (
        "logistic of a tenth",
        lambda x: logistic(x ** Rational(1, 10)),
        1,
        stretched(t ** Rational(-9, 10) / 10 * exp(-(t ** Rational(1, 10))), "1/10"),
    ),
    # Gated.
    ("mish", lambda x: x * tanh(softplus(x)), -1, exponential(-t * exp(-t), "1")),  # f ~ x*e**x
    # tanh(softplus) = 1 - 2*e**(-2t) + ..., so f' - 1 ~ -2*e**(-2t) + 4*t*e**(-2t).
    ("mish", lambda x: x * tanh(softplus(x)), 1, constant(S.One, exponential(4 * t * exp(-2 * t), "2"))),
    # f ~ x*exp(2*u) with u = sqrt(2/pi)*(x + c*x**3): f' ~ 2*x*u'*exp(2*u).
    (
        "gelu-tanh",
        lambda x: x / 2 * (1 + tanh(sqrt(2 / pi) * (x + Rational(44715, 10**6) * x**3))),
        -1,
        superexponential(
            -6
            * sqrt(2 / pi)
            * Rational(44715, 10**6)
            * t**3
            * exp(-2 * sqrt(2 / pi) * (t + Rational(44715, 10**6) * t**3)),
            "3",
        ),
    ),
    ("serf", lambda x: x * erf(softplus(x)), -1, exponential(-2 / sqrt(pi) * t * exp(-t), "1")),  # erf(u) ~ 2u/sqrt(pi)
    # softplus**2 = t**2 + o(1).
    (
        "serf",
        lambda x: x * erf(softplus(x)),
        1,
        constant(S.One, superexponential(2 / sqrt(pi) * t * exp(-(t**2)), "2")),
    ),
    ("logish", lambda x: x * log(1 + logistic(x)), -1, exponential(-t * exp(-t), "1")),  # f ~ x*e**x
    # ln(1 + s) = ln 2 - e**-t/2 + ...
    ("logish", lambda x: x * log(1 + logistic(x)), 1, constant(log(2), exponential(t * exp(-t) / 2, "1"))),
    # 1 - tanh(e**t) ~ 2*exp(-2*e**t), differentiated: t*e**t*4*exp(-2*e**t).
    ("tanhexp", lambda x: x * tanh(exp(x)), 1, constant(S.One, superexponential(4 * t * exp(t - 2 * exp(t)), "oo"))),
    ("elish", lambda x: (exp(x) - 1) * logistic(x), -1, exponential(-exp(-t), "1")),  # f ~ -e**x
    ("log cosh", lambda x: log(cosh(x)), 1, constant(S.One, exponential(-2 * exp(-2 * t), "2"))),  # f' = tanh
    # atan t + t/(1 + t**2) - pi/2 = -1/t + 1/(3t**3) + 1/t - 1/t**3 + ...
    ("x*atan", lambda x: x * atan(x), 1, constant(pi / 2, power(-Rational(2, 3) / t**3, "3"))),
    # Between the classes.
    ("e**(-t/ln t)", lambda x: exp(-x / log(x)), 1, stretched(-exp(-t / log(t)) / log(t), "1")),  # h ~ 1/ln t
    ("t**-t", lambda x: x**-x, 1, superexponential(-log(t) * t**-t, "1")),  # h ~ ln t
    (
        "e**-sqrt(ln t)",
        lambda x: exp(-sqrt(log(x))),
        1,
        power(-exp(-sqrt(log(t))) / (2 * t * sqrt(log(t))), "1", "oo"),
    ),  # (t*h - 1)*ln t ~ sqrt(ln t)/2
    ("e**-(ln t)**2", lambda x: exp(-(log(x) ** 2)), 1, lognormal(-2 * log(t) / t * exp(-(log(t) ** 2)))),
    (
        "e**-e**sqrt t",
        lambda x: exp(-exp(sqrt(x))),
        1,
        superexponential(-exp(sqrt(t)) / (2 * sqrt(t)) * exp(-exp(sqrt(t))), "oo"),
    ),
    ("ln ln", lambda x: log(1 + log(1 + x)), 1, power(1 / (t * log(t)), "1", "1")),
    ("cube root", lambda x: x ** Rational(1, 3), 1, power(t ** Rational(-2, 3) / 3, "2/3")),
    ("asin", lambda x: asin(x / (1 + x)), 1, power(t ** Rational(-3, 2) / sqrt(2), "3/2")),  # pi/2 - sqrt(2/t)
    ("acosh", lambda x: acosh(1 + x), 1, power(1 / t, "1")),  # ln(2t)
    ("atanh", lambda x: atanh(x / (1 + x)), 1, power(1 / (2 * t), "1")),  # ln(1 + 2t)/2
    ("atan(e**x)", lambda x: atan(exp(x)), 1, exponential(exp(-t), "1")),  # 1/(2*cosh)
    ("atan(x**2)", lambda x: atan(x**2), 1, power(2 / t**3, "3")),
    # LambertW: W' = W/(t*(1 + W)).
    ("W", LambertW, 1, power(1 / t, "1")),
    ("x/(1 + W)", lambda x: x / (1 + LambertW(x)), 1, slow(1 / log(t))),  # W ~ ln t
    ("W(e**x)", lambda x: LambertW(exp(x)), 1, constant(S.One, power(-1 / t, "1"))),  # f' = 1 - 1/(1 + W), W ~ t
    ("W(e**x)", lambda x: LambertW(exp(x)), -1, exponential(exp(-t), "1")),
    # Cancellation.
    ("softplus - x", lambda x: softplus(x) - x, 1, exponential(-exp(-t), "1")),  # ln(1 + e**-t)
    ("sqrt(1 + x**2) - x", lambda x: sqrt(1 + x**2) - x, 1, power(-1 / (2 * t**2), "2")),  # 1/(2t)
    (
        "nested roots",
        lambda x: sqrt(x + sqrt(x)) - sqrt(x),
        1,
        power(t ** Rational(-3, 2) / 16, "3/2"),
    ),  # 1/2 - t**(-1/2)/8
    ("(1 + 1/x)**x", lambda x: (1 + 1 / x) ** x, 1, power(E / (2 * t**2), "2")),  # e*(1 - 1/(2t))
    ("x - x*s", lambda x: 1 + x * (1 - logistic(x)), 1, exponential(-t * exp(-t), "1")),  # 1 + t*e**-t
    ("tanh + tiny atan", lambda x: tanh(x) + atan(x) / 10**100, 1, power(1 / (10**100 * t**2), "2")),
    ("tanh + sine", lambda x: tanh(x) + sin(x) * exp(-3 * x), 1, exponential(4 * exp(-2 * t), "2")),
    ("sin**2 + cos**2", lambda x: sin(x) ** 2 + cos(x) ** 2 - exp(-x), 1, exponential(exp(-t), "1")),
    ("sin(1/x)", lambda x: sin(1 / x), 1, power(-(t**-2), "2")),
    # Growth.
    ("square", lambda x: x**2, 1, growing(2 * t, "power")),
    ("x ln x", lambda x: x * log(x), 1, growing(log(t), "slow")),
    ("exp", exp, 1, growing(exp(t), "exponential")),
    ("x**x", lambda x: x**x, 1, growing(log(t) * t**t, "superexponential")),
    # Oscillation.
    ("sin", sin, 1, OSCILLATING),
    ("snake", lambda x: x + sin(x) ** 2, 1, OSCILLATING),  # 1 + sin 2t
    ("growing cosine", lambda x: x * cos(x), 1, OSCILLATING),
    ("sinc", lambda x: sin(x) / x, -1, OSCILLATING),
    ("wavelet", lambda x: cos(x) * exp(-(x**2) / 2), 1, OSCILLATING),
    ("sin(ln x)", lambda x: sin(log(x)), 1, OSCILLATING),
    ("two frequencies", lambda x: sin(x) + sin(pi * x), 1, OSCILLATING),
    ("e**sin", lambda x: exp(sin(x)), 1, OSCILLATING),
    ("tanh(sin)", lambda x: tanh(sin(x)), -1, OSCILLATING),
    ("sin/(2 + cos)", lambda x: sin(x) / (2 + cos(x)), 1, OSCILLATING),
    ("sin(sin)", lambda x: sin(sin(x)), 1, OSCILLATING),
    ("fast", lambda x: x * (1 + sin(exp(x**2))), 1, OSCILLATING),
]


def check(tail: Tail, key: Key) -> None:
    """The tail is as expected; leading terms may be written differently."""
    assert tail.kind == key.kind, tail.reason
    named = {name: value for name, value in tail.parameters.items() if name != "approach"}
    assert named == key.parameters
    if key.leading is None:
        assert tail.leading is None
    else:
        assert tail.leading is not None
        found = sympify(tail.leading, {"t": t})
        for point in (Rational(7, 2), Rational(21, 4)):
            expected = key.leading.subs(t, point).evalf(30)
            assert abs((found - key.leading).subs(t, point).evalf(30)) <= abs(expected) * 1e-20
    if key.kind == "constant":
        approach = tail.parameters["approach"]
        if key.approach is None:
            assert approach is None
        else:
            assert isinstance(approach, Tail)
            check(approach, key.approach)


@pytest.mark.parametrize(("name", "f", "side", "key"), KEYS, ids=[f"{name} {side:+d}" for name, _, side, _ in KEYS])
def test_derivative_tail(name: str, f: Callable[[Expr], Expr], side: int, key: Key) -> None:
    check(derivative_tail(f(side * t), t, side), key)


#: f(t), its limit, the key of abs(f - limit).
RESIDUALS: list[tuple[str, Expr, Expr, Key]] = [
    ("tanh", tanh(t), S.One, exponential(2 * exp(-2 * t), "2")),
    ("arctan", atan(t), pi / 2, power(1 / t, "1")),
    ("arctan", -atan(t), -pi / 2, power(1 / t, "1")),
    ("softsign", t / (1 + t), S.One, power(1 / t, "1")),
    ("logsig", log(1 + t) / (1 + log(1 + t)), S.One, slow(1 / log(t))),
    ("three logarithms", 1 - 1 / (1 + log(1 + log(1 + t))), S.One, slow(1 / log(log(t)))),
    ("erf", erf(t), S.One, superexponential(exp(-(t**2)) / (sqrt(pi) * t), "2")),  # DLMF 7.12.1
    ("x*erfc", t * erfc(t), S.Zero, superexponential(exp(-(t**2)) / sqrt(pi), "2")),
    ("gelu", -t / 2 * (1 + erf(-t / sqrt(2))), S.Zero, superexponential(exp(-(t**2) / 2) / sqrt(2 * pi), "2")),
    ("softsign with wiggles", t / (1 + t) + sin(t) / t**2, S.One, power(1 / t, "1")),  # f' oscillates, f - 1 does not
    ("sinc", sin(t) / t, S.Zero, OSCILLATING),
    ("constant", 0 * t + 1, S.One, DEAD),
]


@pytest.mark.parametrize(("name", "f", "limit", "key"), RESIDUALS, ids=[name for name, *_ in RESIDUALS])
def test_residual_tail(name: str, f: Expr, limit: Expr, key: Key) -> None:
    tail = residual_tail(f, t, limit)
    assert tail is not None
    check(tail, key)


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        # It keeps its sign and has no leading term.
        (exp(-t) * (2 + sin(t)), "neither a leading term nor lasting oscillation"),
        (tanh(t + sin(t)), "neither a leading term nor lasting oscillation"),
        (exp(-t) * sin(t + sin(t)), "neither a leading term nor lasting oscillation"),
        (t / (1 + t) + sin(t) / t**2, "neither a leading term nor lasting oscillation"),
        (gamma(t), "gamma"),
        # W**2 = (t - ln t + ln t/t)**2 + o(1): the corrections are powers of ln(t)**2/t.
        (erf(LambertW(exp(t))), "not confirmed"),
    ],
    ids=str,
)
def test_what_is_not_established_is_undetermined(f: Expr, reason: str) -> None:
    tail = derivative_tail(f, t, 1)
    assert tail.kind == "undetermined"
    assert tail.reason is not None
    assert reason in tail.reason


def test_no_residual_without_a_finite_limit() -> None:
    assert residual_tail(t, t, oo) is None


#: Bounded f with a monotone derivative; the residual is the integral of f' from t to oo.
BOUNDED: list[Callable[[Expr], Expr]] = [
    tanh,
    atan,
    erf,
    logistic,
    lambda x: x / (1 + x),
    lambda x: x / sqrt(1 + x**2),
    lambda x: 2 * atan(tanh(x / 2)),
]


@pytest.mark.parametrize("f", BOUNDED, ids=lambda f: str(f(t)))
def test_residual_is_the_integral_of_the_derivative(f: Callable[[Expr], Expr]) -> None:
    """Karamata: t*g/(index - 1) for a power, and g/h, h the hazard rate, for the exponential classes."""
    derivative, residual = derivative_tail(f(t), t, 1), residual_tail(f(t), t, limit_at(f(t), t, oo, "-"))
    assert residual is not None
    g, r = (sympify(tail.leading, {"t": t}) for tail in (derivative, residual))
    if derivative.kind == "power":
        expected = t * g / (sympify(derivative.parameters["index"]) - 1)
    else:
        expected = leading_term(-(g**2) / g.diff(t), t).expression
    assert (r - expected).simplify() == 0
