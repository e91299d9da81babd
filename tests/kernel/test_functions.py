"""symact's own elementary functions against Arb, in every arithmetic: errors, special values, the last subnormals."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from flint import arb, ctx

from symact.kernel.arithmetic import ARITHMETICS
from symact.kernel.functions import FUNCTIONS
from symact.kernel.interpret import evaluate
from symact.kernel.program import LIFT, OPERATIONS

ROOT = Path(__file__).resolve().parents[2]
Points = np.ndarray


def run(arithmetic: str, name: str, points: object) -> Points:
    kind = ARITHMETICS[arithmetic]
    return evaluate(FUNCTIONS[arithmetic][name], {"a": np.asarray(points, dtype=kind.dtype)}, kind)["y"]


def erfcx(a: arb) -> arb:
    if a > 10**4:  # Abramowitz & Stegun 7.1.23; the terms left out are below 1e-40
        z = 1 / (2 * a * a)
        return (1 - z + 3 * z**2 - 15 * z**3 + 105 * z**4) / (a * arb.pi().sqrt())
    return (a * a).exp() * a.erfc()


EXACT: dict[str, Callable[[arb], arb]] = {
    "exp": lambda a: a.exp(),
    "exp_long": lambda a: a.exp(),
    "decay": lambda a: (-a).exp(),
    "expm1": lambda a: a.expm1(),
    "tanh": lambda a: a.tanh(),
    "log": lambda a: a.log(),
    "log1p": lambda a: a.log1p(),
    "log1p_unit": lambda a: a.log1p(),
    "atan": lambda a: a.atan(),
    "erf": lambda a: a.erf(),
    "erfc": lambda a: a.erfc(),
    "erfcx": erfcx,
    "gauss": lambda a: (-(a * a) / 2).exp(),
    "bell": lambda a: (-(a * a)).exp(),
}

#: Pairs of float64 are computed from the same functions as float64.
CASES = [
    *((arithmetic, name) for arithmetic in ("wide", "float64", "float32", "fast") for name in EXACT),
    ("wide", "log1p_positive"),
]

#: What there is for speed alone.
QUICK = {
    "decay_lifted": lambda a: (-a).exp() * 2**LIFT,
    "decay_flushed": lambda a: (-a).exp(),
    "log1p_positive": lambda a: a.log1p(),
    "gauss_lifted": lambda a: (-(a * a) / 2).exp() * 2**LIFT,
    "bell_lifted": lambda a: (-(a * a)).exp() * 2**LIFT,
    "erfcx_half": lambda a: (a * a / 2).exp() * (a / arb(2).sqrt()).erfc(),
}

#: Where exp is neither 0 nor infinite, and the powers of 10 that bound the inputs; wide ones are as float32 has them.
REACH = {"wide": (100.0, -45, 38), "float64": (709.0, -323, 308), "float32": (88.0, -45, 38), "fast": (88.0, -45, 38)}


def points(arithmetic: str, name: str) -> Points:
    random = np.random.default_rng(20240229)
    reach, least, most = REACH[arithmetic]
    small = 10.0 ** random.uniform(least, 1, 1500)
    either = small * random.choice([-1, 1], 1500)
    everywhere = 10.0 ** random.uniform(least, most, 3000)
    near = random.uniform(-3, 3, 4000)
    match name:
        case "exp" | "exp_long" | "expm1":
            found = [random.uniform(-1.06 * reach, reach, 3000), near, either]
        case "decay_lifted" | "decay_flushed":
            found = [random.uniform(0, 104 if name == "decay_lifted" else 87.3, 4000), abs(near), small]
        case "decay":
            found = [random.uniform(0, 1.17 * reach, 4000), abs(near), small]
        case "log":
            found = [everywhere, random.uniform(0.3, 3, 4000)]
        case "log1p":
            found = [everywhere, random.uniform(-0.99, 3, 4000), either[abs(either) < 0.9]]
        case "log1p_positive":
            found = [everywhere, random.uniform(0, 3, 4000), 2.0 ** random.uniform(120, 128, 500)]
        case "log1p_unit":
            found = [random.uniform(0, 1, 4000), small[small <= 1]]
        case "erfcx_half":
            found = [random.uniform(0, 14.8, 4000), small[small < 14.8]]
        case "gauss_lifted" | "bell_lifted":
            found = [random.uniform(-14.5, 14.5, 4000) / (1 if name == "gauss_lifted" else 2**0.5), near, either]
        case "erfcx":
            found = [random.uniform(0, 12, 4000), everywhere]
        case "atan" | "tanh" | "erf" | "erfc":
            found = [random.uniform(-9, 9, 4000), random.uniform(-27.3, 27.3, 2000), near, either]
        case _:
            found = [random.uniform(-39, 39, 4000), near, either]
    return np.concatenate(found).astype(ARITHMETICS[arithmetic].dtype)


#: The largest error that is allowed: relative for wide arithmetic, in units in the last place for the others.
BOUNDS = {
    "wide": dict.fromkeys((*EXACT, "log1p_positive"), 2.0**-31) | {"exp_long": 2.0**-52},
    "float64": {"exp": 1.0, "exp_long": 1.0, "decay": 1.0, "expm1": 1.25, "tanh": 2.25, "log": 1.0, "log1p": 1.0,
                "log1p_unit": 1.0, "atan": 1.0, "erf": 1.25, "erfc": 2.5, "erfcx": 2.0, "gauss": 1.5, "bell": 1.5},
    "float32": {"exp": 1.0, "exp_long": 1.0, "decay": 1.0, "expm1": 1.25, "tanh": 2.25, "log": 1.0, "log1p": 1.0,
                "log1p_unit": 1.0, "atan": 2.0, "erf": 1.25, "erfc": 4.0, "erfcx": 3.25, "gauss": 1.5, "bell": 1.5},
    "fast": {"exp": 1.5, "exp_long": 1.5, "decay": 1.5, "expm1": 2.0, "tanh": 3.0, "log": 1.0, "log1p": 1.0,
             "log1p_unit": 1.5, "atan": 2.0, "erf": 1.5, "erfc": 4.5, "erfcx": 4.0, "gauss": 2.0, "bell": 2.0,
             "decay_lifted": 1.5, "decay_flushed": 1.5, "log1p_positive": 2.0, "gauss_lifted": 2.0, "bell_lifted": 2.0,
             "erfcx_half": 4.0},
}  # fmt: skip


def errors(arithmetic: str, name: str, at: Points) -> Points:
    """Relative errors in wide arithmetic, where a result is no end of the range; else |value - exact| in ULP."""
    found = []
    with ctx.workprec(300):
        for x, value in zip(at.tolist(), run(arithmetic, name, at).tolist(), strict=True):
            exact = (EXACT | QUICK)[name](arb(x))
            middle = float(exact)
            if arithmetic == "wide":
                inside = 1e-290 < abs(middle) < 1e300
                found.append(abs(float((arb(value) - exact) / exact)) if inside else 0.0)
                continue
            format = ARITHMETICS[arithmetic].format
            spacing = float(format.ulp(middle))
            found.append(abs(float((arb(value) - exact) / arb(spacing))) if abs(middle) < format.max else 0.0)
    return np.array(found)


@pytest.mark.parametrize(("arithmetic", "name"), [*CASES, *(("fast", name) for name in QUICK)])
def test_error(arithmetic: str, name: str) -> None:
    at = points(arithmetic, name)
    assert at.size >= 4000
    found = errors(arithmetic, name, at)
    worst = int(np.argmax(found))
    assert found[worst] <= BOUNDS[arithmetic][name], (at[worst], found[worst])


@pytest.mark.parametrize("name", ["decay", "gauss", "bell"])
def test_a_power_and_the_rest_are_a_lifted_exponential(name: str) -> None:
    """2^n*(1 + z) without a rounding, n as the exponent of a float32 number and -1/2 < z < 1/2."""
    at = points("fast", f"{name}_lifted")
    power, rest = (run("fast", f"{name}_{part}", at).astype(np.float64) for part in ("power", "rest"))
    assert np.array_equal(np.frexp(power[power != 0])[0], np.full((power != 0).sum(), 0.5))
    assert np.abs(rest[power != 0]).max() < 0.5
    with ctx.workprec(200):
        exact = np.array([float(QUICK[f"{name}_lifted"](arb(x))) for x in at.tolist()])
    inside = exact >= 2.0**-125
    assert np.abs((power * (1 + rest))[inside] / exact[inside] - 1).max() < 2.0**-23
    assert not power[exact < 2.0**-127].any()


#: Function -> pairs of an input and what comes out there, in float64 and float32.
SPECIAL = {
    "exp": [(math.inf, math.inf), (-math.inf, 0.0), (0.0, 1.0), (-0.0, 1.0), (1000.0, math.inf), (-1000.0, 0.0)],
    "exp_long": [(math.inf, math.inf), (-math.inf, 0.0), (0.0, 1.0), (-0.0, 1.0), (1000.0, math.inf), (-1000.0, 0.0)],
    "decay": [(math.inf, 0.0), (0.0, 1.0), (1000.0, 0.0)],
    "expm1": [(math.inf, math.inf), (-math.inf, -1.0), (1000.0, math.inf), (-1000.0, -1.0), (0.0, 0.0)],
    "tanh": [(math.inf, 1.0), (-math.inf, -1.0), (0.0, 0.0), (-0.0, -0.0), (50.0, 1.0)],
    "log": [(math.inf, math.inf), (0.0, -math.inf), (1.0, 0.0), (-1.0, math.nan), (-math.inf, math.nan)],
    "log1p": [(math.inf, math.inf), (0.0, 0.0), (-1.0, -math.inf)],
    "log1p_unit": [(0.0, 0.0)],
    "atan": [(0.0, 0.0), (-0.0, -0.0)],
    "erf": [(math.inf, 1.0), (-math.inf, -1.0), (0.0, 0.0), (-0.0, -0.0), (1e30, 1.0)],
    "erfc": [(math.inf, 0.0), (-math.inf, 2.0), (0.0, 1.0), (-0.0, 1.0), (1e30, 0.0), (-1e30, 2.0)],
    "erfcx": [(0.0, 1.0), (-0.0, 1.0), (math.inf, 0.0)],
    "gauss": [(0.0, 1.0), (-0.0, 1.0), (math.inf, 0.0), (-math.inf, 0.0), (-1e30, 0.0)],
    "bell": [(0.0, 1.0), (-0.0, 1.0), (-math.inf, 0.0), (1e30, 0.0)],
    "decay_lifted": [(math.inf, 0.0), (0.0, 2.0**LIFT), (1000.0, 0.0), (132.7, 0.0)],
    "decay_flushed": [(math.inf, 0.0), (0.0, 1.0), (1000.0, 0.0), (88.1, 0.0)],
    "log1p_positive": [(0.0, 0.0), (math.inf, math.inf)],
    "gauss_lifted": [(0.0, 2.0**LIFT), (-0.0, 2.0**LIFT), (math.inf, 0.0), (-math.inf, 0.0), (-1e30, 0.0)],
    "bell_lifted": [(0.0, 2.0**LIFT), (-0.0, 2.0**LIFT), (-math.inf, 0.0), (1e30, 0.0)],
    "erfcx_half": [(0.0, 1.0), (-0.0, 1.0)],
}


@pytest.mark.parametrize(
    ("arithmetic", "name"),
    [*((a, name) for a in ("float64", "float32", "fast") for name in EXACT), *(("fast", name) for name in QUICK)],
)
def test_special_values(arithmetic: str, name: str) -> None:
    for point, value in SPECIAL[name]:
        (found,) = run(arithmetic, name, [point]).tolist()
        assert found == value or (math.isnan(found) and math.isnan(value)), point
        if point == 0 or math.isinf(point):
            assert math.copysign(1, found) == math.copysign(1, value) or math.isnan(value), point


@pytest.mark.parametrize("name", [name for name in EXACT if name != "log1p_unit"])
def test_special_values_of_wide_functions_are_right_as_float32(name: str) -> None:
    for point, value in SPECIAL[name]:
        with np.errstate(over="ignore"):
            found = float(run("wide", name, [point]).astype(np.float32)[0])
        assert found == pytest.approx(value, rel=1e-7, abs=1e-40, nan_ok=True), point


def test_the_inverse_tangent_ends_at_a_right_angle() -> None:
    for arithmetic, kind in (("float64", np.float64), ("float32", np.float32)):
        assert run(arithmetic, "atan", [math.inf, -math.inf]).tolist() == [kind(math.pi / 2), -kind(math.pi / 2)]


@pytest.mark.parametrize(("arithmetic", "name"), CASES)
def test_nan_goes_through(arithmetic: str, name: str) -> None:
    assert math.isnan(run(arithmetic, name, [math.nan])[0])


@pytest.mark.parametrize("arithmetic", REACH)
@pytest.mark.parametrize("name", ["erf", "tanh", "atan"])
def test_odd_functions_are_odd(arithmetic: str, name: str) -> None:
    at = points(arithmetic, name)
    assert np.array_equal(run(arithmetic, name, -at), -run(arithmetic, name, at))


@pytest.mark.parametrize(
    ("arithmetic", "name", "low", "high", "last"),
    [
        ("float64", "erfc", 26.5, 27.22, 1e-322),
        ("float64", "decay", 700.0, 745.13, 1e-323),
        ("float32", "erfc", 9.5, 10.05, 1e-44),
        ("float32", "decay", 87.0, 103.97, 3e-45),
        ("fast", "decay", 87.0, 103.97, 3e-45),
        ("fast", "erfc", 9.5, 10.05, 1e-44),
    ],
)
def test_underflow_is_gradual(arithmetic: str, name: str, low: float, high: float, last: float) -> None:
    """Every one of a fine grid up to the underflow point gives a value above 0."""
    values = run(arithmetic, name, np.linspace(low, high, 1000))
    assert 0 < values[-1] < last
    assert np.all(values > 0)


@pytest.mark.parametrize(("arithmetic", "name"), CASES)
def test_only_basic_operations_and_exponentials_are_used(arithmetic: str, name: str) -> None:
    basic = {"add", "sub", "mul", "div", "abs", "neg", "min", "max", "copysign", "lt", "eq", "and", "select"}
    assert name in OPERATIONS
    used = basic | {"pow2", "exponent", "mantissa", "decay"}
    quick = {"product_error", "cut"} if arithmetic == "fast" else set()
    assert FUNCTIONS[arithmetic][name].operations() <= used | quick


@pytest.mark.slow
def test_table_is_what_the_script_writes() -> None:
    script = ROOT / "scripts" / "coefficients.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
