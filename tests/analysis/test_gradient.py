"""Verdicts per tail class, and distances against closed forms or mpmath."""

import re

import mpmath
import pytest

from symact import catalog, grammar
from symact.analysis import analyze
from symact.analysis.gradient import gradient
from symact.analysis.record import VERDICTS
from symact.analysis.tail import PARAMETERS, Tail
from symact.symbolic.derivatives import derive

VERDICT = {
    "identity": ("preserving", "preserving"),
    "relu": ("preserving", "dead"),
    "leaky_relu": ("preserving", "preserving"),
    "elu": ("preserving", "saturating exponentially"),
    "softplus": ("preserving", "saturating exponentially"),
    "silu": ("preserving", "saturating exponentially"),
    "gelu": ("preserving", "saturating exponentially"),
    "gelu_tanh": ("preserving", "saturating exponentially"),
    "mish": ("preserving", "saturating exponentially"),
    "hardswish": ("preserving", "dead"),
    "selu": ("preserving", "saturating exponentially"),
    "celu": ("preserving", "saturating exponentially"),
    "relu6": ("dead", "dead"),
    "hardsigmoid": ("dead", "dead"),
    "logsigmoid": ("saturating exponentially", "preserving"),
    "tanhshrink": ("preserving", "preserving"),
    "erf": ("saturating exponentially", "saturating exponentially"),
    "logistic": ("saturating exponentially", "saturating exponentially"),
    "tanh": ("saturating exponentially", "saturating exponentially"),
    "arctan": ("saturating subexponentially", "saturating subexponentially"),
    "softsign": ("saturating subexponentially", "saturating subexponentially"),
    "logsig": ("saturating subexponentially", "saturating subexponentially"),
    "logmin": ("saturating subexponentially", "dead"),
    "log_semisigmoid": ("saturating subexponentially", "saturating subexponentially"),
}


@pytest.mark.parametrize("name", VERDICT)
def test_catalogue(name):
    right, left = VERDICT[name]
    assert analyze(catalog.get(name)).gradient.verdict == {"+oo": right, "-oo": left}


def slope_of_mish(t):
    """-f'(-t)."""
    softplus = mpmath.log1p(mpmath.exp(-t))
    return t * mpmath.sech(softplus) ** 2 / (1 + mpmath.exp(t)) - mpmath.tanh(softplus)


def slope_of_gelu_tanh(t):
    """-f'(-t)."""
    u, inner = (mpmath.sqrt(2 / mpmath.pi) * v for v in (t + 0.044715 * t**3, 1 + 3 * 0.044715 * t**2))
    return t / 2 * mpmath.sech(u) ** 2 * inner - 1 / (1 + mpmath.exp(2 * u))


def distances(name):
    """The three distances that the explanation names: 1/1000 of the maximum, float16, float32."""
    return [
        float(found)
        for found in re.findall(r"\|x\| = ([0-9.e+]+[0-9])", analyze(catalog.get(name)).gradient.explanation)
    ]


def largest(function, threshold, start):
    with mpmath.workdps(60):
        return float(mpmath.findroot(lambda t: mpmath.log(abs(function(t))) - mpmath.log(threshold), start))


@pytest.mark.parametrize(
    ("name", "slope", "maximum", "starts"),
    [
        ("tanh", lambda t: mpmath.sech(t) ** 2, 1, (4, 5.5, 44)),
        ("arctan", lambda t: 1 / (1 + t * t), 1, (30, 130, 9e18)),
        ("logsig", lambda t: 1 / ((1 + t) * (1 + mpmath.log(1 + t)) ** 2), 1, (40, 350, 1e34)),
        ("logistic", lambda t: mpmath.exp(-t) / (1 + mpmath.exp(-t)) ** 2, 0.25, (8, 9.7, 87)),
        # The largest slopes, at the roots of f'' by mpmath: 1.08850 at 1.49057, 1.12899 at 1.41850.
        ("mish", slope_of_mish, 1.0885, (9, 12, 92)),
        ("gelu_tanh", slope_of_gelu_tanh, 1.12899, (3.7, 4.4, 10)),
        ("gelu", lambda t: mpmath.ncdf(-t) - t * mpmath.npdf(t), 1.12890414503539, (3.7, 4.5, 13)),
    ],
)
def test_distances(name, slope, maximum, starts):
    thresholds = (maximum / mpmath.mpf(1000), mpmath.mpf(2) ** -14, mpmath.mpf(2) ** -126)
    found = distances(name)
    assert len(found) == 3
    for distance, threshold, start in zip(found, thresholds, starts, strict=True):
        assert distance == pytest.approx(largest(slope, threshold, start), rel=6e-3)


def _tail(kind):
    values = dict.fromkeys(PARAMETERS[kind], "1")
    return Tail(kind, "t", values, {}, "nothing worked" if kind == "undetermined" else None)


@pytest.mark.parametrize("kind", PARAMETERS)
def test_every_class_has_a_verdict_and_a_sentence(kind):
    first = derive(catalog.get("tanh")).first
    found = gradient(first, {"+oo": _tail(kind), "-oo": _tail(kind)}, "1")
    assert found.verdict["+oo"] in VERDICTS
    assert found.explanation.startswith("On both sides ")
    assert found.explanation.endswith(".")


def test_faster_than_exponential_is_said():
    assert "faster than every exponential" in analyze(catalog.get("gelu")).gradient.explanation


def test_a_pole_beyond_the_numbers_of_a_format() -> None:
    """float16 ends at 65504, so it has no distance here; |f'| = 1/(x + 10**9)**2 is 2**-126 at |x| = 9.2234e18."""
    explanation = analyze(grammar.parse("1/(x + 10**9)")).gradient.explanation
    assert "float16" not in explanation
    assert "|x| = 9.22e+18" in explanation
