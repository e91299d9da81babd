"""The own erf family against Arb: relative error to the last subnormal, and the special values."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import flint
import numpy as np
import pytest
from flint import arb

from symact.kernel.functions import FUNCTIONS
from symact.kernel.interpret import evaluate
from symact.kernel.program import OPERATIONS

ROOT = Path(__file__).resolve().parents[2]
Points = np.ndarray


def run(name: str, points: object) -> Points:
    return evaluate(FUNCTIONS[name], {"a": np.asarray(points, dtype=np.float64)})["y"]


def erfcx(a: arb) -> arb:
    if a > 10**4:  # Abramowitz & Stegun 7.1.23; the terms left out are below 1e-40
        z = 1 / (2 * a * a)
        return (1 - z + 3 * z**2 - 15 * z**3 + 105 * z**4) / (a * arb.pi().sqrt())
    return (a * a).exp() * a.erfc()


EXACT: dict[str, Callable[[arb], arb]] = {
    "erf": lambda a: a.erf(),
    "erfc": lambda a: a.erfc(),
    "erfcx": erfcx,
    "gauss": lambda a: (-(a * a) / 2).exp(),
    "bell": lambda a: (-(a * a)).exp(),
}


def errors_in_ulp(name: str, points: Points) -> Points:
    """|value - exact| over the spacing of doubles at the exact value."""
    flint.ctx.prec = 256
    try:
        found = []
        for x, value in zip(points.tolist(), run(name, points).tolist(), strict=True):
            exact = EXACT[name](arb(x))
            spacing = math.ulp(float(exact.mid()))
            found.append(float(abs(arb(value) - exact).mid() / arb(spacing)))
        return np.array(found)
    finally:
        flint.ctx.prec = 53


random = np.random.default_rng(20240229)
POINTS: dict[str, Points] = {
    "erf": np.concatenate(
        [
            random.uniform(-6.2, 6.2, 9000),
            random.uniform(0.4, 1.3, 9000),
            1 + random.uniform(-1e-9, 1e-9, 200),
            10.0 ** random.uniform(-323, 0, 3000),
        ]
    ),
    "erfc": np.concatenate(
        [
            random.uniform(-6.2, 27.3, 10000),
            random.uniform(0.3, 1.3, 8000),
            0.47 + random.uniform(-1e-9, 1e-9, 200),
            random.uniform(26.5, 27.3, 2000),
            -(10.0 ** random.uniform(-323, 0, 1000)),
        ]
    ),
    "erfcx": np.concatenate(
        [random.uniform(0, 12, 9000), random.uniform(0, 0.8, 9000), 10.0 ** random.uniform(-323, 308.25, 4000)]
    ),
    "bell": np.concatenate(
        [random.uniform(-27.5, 27.5, 12000), random.uniform(-3, 3, 8000), 10.0 ** random.uniform(-323, 1, 1000)]
    ),
    "gauss": np.concatenate(
        [random.uniform(-39, 39, 12000), random.uniform(-3, 3, 8000), 10.0 ** random.uniform(-323, 1, 1000)]
    ),
}


@pytest.mark.parametrize(
    ("name", "bound"), [("erf", 1.5), ("erfc", 2.5), ("erfcx", 2.0), ("gauss", 1.5), ("bell", 1.5)]
)
def test_error(name: str, bound: float) -> None:
    points = POINTS[name]
    assert points.size >= 20000
    errors = errors_in_ulp(name, points)
    worst = int(np.argmax(errors))
    print(f"{name}: worst {errors[worst]:.3f} ULP at {points[worst]!r} of {points.size}")
    assert errors[worst] <= bound


@pytest.mark.parametrize(
    ("name", "point", "value"),
    [
        ("erf", math.inf, 1.0),
        ("erf", -math.inf, -1.0),
        ("erf", 0.0, 0.0),
        ("erf", -0.0, -0.0),
        ("erf", -5e-324, -5e-324),
        ("erf", 1.7e308, 1.0),
        ("erfc", math.inf, 0.0),
        ("erfc", -math.inf, 2.0),
        ("erfc", 0.0, 1.0),
        ("erfc", -0.0, 1.0),
        ("erfc", 1.7e308, 0.0),
        ("erfc", -1.7e308, 2.0),
        ("erfcx", 0.0, 1.0),
        ("erfcx", -0.0, 1.0),
        ("erfcx", math.inf, 0.0),
        ("gauss", 0.0, 1.0),
        ("bell", -0.0, 1.0),
        ("bell", -math.inf, 0.0),
        ("bell", 1.7e308, 0.0),
        ("gauss", -0.0, 1.0),
        ("gauss", math.inf, 0.0),
        ("gauss", -math.inf, 0.0),
        ("gauss", -1.7e308, 0.0),
    ],
)
def test_special_values(name: str, point: float, value: float) -> None:
    (found,) = run(name, [point]).tolist()
    assert (found, math.copysign(1, found)) == (value, math.copysign(1, value))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_goes_through(name: str) -> None:
    assert math.isnan(run(name, [math.nan])[0])


def test_erf_is_odd() -> None:
    points = POINTS["erf"]
    assert np.array_equal(run("erf", -points), -run("erf", points))


def test_erfc_underflows_gradually() -> None:
    """Every one of a fine grid up to the underflow point gives a value above 0, and the values fall."""
    values = run("erfc", np.linspace(26.5, 27.22, 1000))
    assert values[-1] < 1e-322
    assert np.all(values > 0)
    assert np.all(np.diff(values) <= 0)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_only_basic_operations_are_used(name: str) -> None:
    basic = {"add", "sub", "mul", "div", "abs", "neg", "min", "max", "exp", "copysign", "lt", "select"}
    assert name in OPERATIONS
    assert FUNCTIONS[name].operations() <= basic


def test_table_is_what_the_script_writes() -> None:
    script = ROOT / "scripts" / "erf_coefficients.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
