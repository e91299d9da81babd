"""Stored tables: what the search finds, within an ULP of mpmath's values, with IEEE's special cases."""

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from symact import catalog
from symact.kernel.arithmetic import TABLE
from symact.kernel.compiled import Tables
from symact.kernel.interpret import evaluate
from symact.kernel.store import compiled, write_tables
from symact.oracle import Oracle
from symact.oracle.formats import FORMATS
from symact.oracle.samples import gradients, inputs
from symact.symbolic.derivatives import derive

NAMES = sorted(path.name.removesuffix(".json") for path in files("symact.kernel").joinpath("tables").iterdir())

#: The largest error that a level promises, in ULP, and how far out its tables go at least.
LEVELS = {"table": (1.0, 4), "accurate": (0.55, 11.7)}

#: What has tables: names and levels.
CASES = [(name, level) for name in NAMES for level in LEVELS if level in compiled(catalog.get(name), ["wide"]).tables]

#: What the text of the definitions says, for mpmath.
DEFINITIONS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("tanh", "forward"): mpmath.tanh,
    ("tanh", "derivative"): lambda x: 4 / (mpmath.exp(x) + mpmath.exp(-x)) ** 2,
    ("logistic", "forward"): lambda x: 1 / (1 + mpmath.exp(-x)),
    ("logistic", "derivative"): lambda x: 1 / (2 + mpmath.exp(-x) + mpmath.exp(x)),
    ("logsig", "forward"): lambda x: mpmath.sign(x) * mpmath.log1p(abs(x)) / (1 + mpmath.log1p(abs(x))),
    ("logsig", "derivative"): lambda x: 1 / ((1 + abs(x)) * (1 + mpmath.log1p(abs(x))) ** 2),
    ("silu", "forward"): lambda x: x / (1 + mpmath.exp(-x)),
    ("erf", "forward"): mpmath.erf,
}


def tables(name: str, level: str = "table") -> Tables:
    return compiled(catalog.get(name), ["wide"]).tables[level]


@cache
def oracles(name: str) -> dict[str, Oracle]:
    entry = catalog.get(name)
    derivation = derive(entry)
    first = Oracle(derivation.first.subs(entry.values))
    return {
        "forward": Oracle(derivation.function.subs(entry.values)),
        "derivative": first,
        "backward": first,
        "second_derivative": Oracle(derivation.second.subs(entry.values)),
    }


@pytest.mark.parametrize(("name", "pass_"), DEFINITIONS)
def test_results_are_within_an_ulp_of_the_definition(name: str, pass_: str) -> None:
    generator = np.random.default_rng(11)
    x = np.concatenate([generator.normal(0, scale, 300) for scale in (0.01, 1, 4, 30)]).astype(np.float32)
    values = evaluate(tables(name).programs[pass_], {"x": x}, TABLE)
    (output,) = (key for key in values if key != "outside")
    inside = values["outside"] == 0 if "outside" in values else np.ones(x.shape, bool)
    assert inside[np.abs(x) < 4].all()
    with mpmath.workdps(40):
        for point, got in zip(x[inside].tolist(), values[output][inside].tolist(), strict=True):
            exact = DEFINITIONS[name, pass_](mpmath.mpf(point))
            size = max(float(abs(exact)), 2.0**-126)
            assert abs(got - exact) <= np.spacing(np.float32(size)), point


@pytest.mark.parametrize(("name", "level"), CASES)
def test_every_pass_keeps_the_error_of_its_level_where_its_table_holds(name: str, level: str) -> None:
    most, reach = LEVELS[level]
    for pass_, kernel in tables(name, level).programs.items():
        if pass_ == "value_and_derivative":
            continue
        known = oracles(name)[pass_]
        x = inputs("float32", 1500, known, seed=5)
        gradient = gradients("float32", len(x), seed=5) if pass_ == "backward" else None
        values = evaluate(kernel, {"x": x, "grad_y": gradient} if gradient is not None else {"x": x}, TABLE)
        (output,) = (key for key in values if key != "outside")
        errors = known.reference(x, "float32", gradient).errors(values[output])
        outside = values.get("outside", np.zeros(x.shape)) != 0
        assert errors[~outside].max() <= most, pass_
        assert not outside[np.isnan(x)].any(), pass_
        usual = np.random.default_rng(7).uniform(-reach, reach, 2000).astype(np.float32)
        beyond = evaluate(kernel, {"x": usual, "grad_y": np.ones_like(usual)}, TABLE).get("outside", np.zeros(1))
        assert not (beyond != 0).any(), pass_


@pytest.mark.parametrize(("name", "level"), CASES)
def test_both_results_at_once_are_those_of_the_two_passes(name: str, level: str) -> None:
    programs = tables(name, level).programs
    if "value_and_derivative" not in programs:
        assert not {"forward", "derivative"} <= programs.keys()
        return
    x = inputs("float32", 3000).astype(np.float32)
    both = evaluate(programs["value_and_derivative"], {"x": x}, TABLE)
    outside = np.zeros(x.shape, bool)
    for pass_, output in (("forward", "y"), ("derivative", "dydx")):
        alone = evaluate(programs[pass_], {"x": x}, TABLE)
        np.testing.assert_array_equal(both[output].view(np.uint32), alone[output].view(np.uint32))
        outside |= alone.get("outside", np.zeros(x.shape)) != 0
    np.testing.assert_array_equal(both.get("outside", np.zeros(x.shape)) != 0, outside)


@pytest.mark.parametrize(("name", "pass_"), [("tanh", "forward"), ("logistic", "forward"), ("logistic", "derivative")])
def test_values_do_not_turn_back_by_more_than_a_last_place_between_pieces(name: str, pass_: str) -> None:
    format = FORMATS["float32"]
    start = format.ordinals(np.array([0.02]))[0]
    x = format.from_ordinals(start + np.arange(0, 1 << 26, 997)).astype(np.float32)
    values = evaluate(tables(name).programs[pass_], {"x": x}, TABLE)
    (output,) = (key for key in values if key != "outside")
    steps = np.diff(format.ordinals(values[output].astype(np.float64)))
    assert (steps * (1 if pass_ == "forward" else -1)).min() >= -1


def test_an_interval_across_0_has_its_centre_there_and_two_numbers_for_a_constant() -> None:
    """mish(x)/x is 3/5 at 0, which is no float32 number; so differences from the centre are exact."""
    kernel = tables("mish", "accurate").programs["forward"]
    x = np.concatenate([np.linspace(-0.39, 0.39, 20001), [0.0, -0.0, 1e-20, -1e-20]]).astype(np.float32)
    values = evaluate(kernel, {"x": x}, TABLE)
    inside = values["outside"] == 0
    errors = oracles("mish")["forward"].reference(x.astype(np.float64), "float32").errors(values["y"])
    assert inside[:-2].mean() > 0.99
    assert errors[inside].max() < 0.53


@pytest.mark.slow
def test_the_search_finds_what_is_stored(tmp_path: Path) -> None:
    stored = files("symact.kernel").joinpath("tables", "logsig.json")
    found = write_tables(catalog.get("logsig"), tmp_path)
    assert found.read_text() == stored.read_text(encoding="utf-8")


def test_what_is_cheap_anyway_has_no_table(tmp_path: Path) -> None:
    (tmp_path / "relu.json").write_text("{}")
    assert not write_tables(catalog.get("relu"), tmp_path).exists()


def test_zeros_and_the_least_numbers_keep_their_signs() -> None:
    x = np.array([0.0, -0.0, 2.0**-149, -(2.0**-149), 2.0**-126, -(2.0**-126)], np.float32)
    for name, level in CASES:
        if "forward" not in tables(name, level).programs:
            continue
        values = evaluate(tables(name, level).programs["forward"], {"x": x}, TABLE)
        if values["y"][0] != 0:
            continue
        inside = values.get("outside", np.zeros(x.shape)) == 0
        assert inside[:2].all(), name
        np.testing.assert_array_equal(np.signbit(values["y"])[inside], np.signbit(x)[inside], err_msg=f"{name} {level}")


def test_a_product_with_a_small_gradient_is_left_to_the_other_program() -> None:
    """What rounding takes from it is no float32 number."""
    kernel = tables("gelu", "accurate").programs["backward"]
    gradient = np.array([0.0, -0.0, 2.0**-130, 1.0, np.inf, np.nan], np.float32)
    values = evaluate(kernel, {"x": np.full(6, 0.5, np.float32), "grad_y": gradient}, TABLE)
    assert (values["outside"] != 0).tolist() == [False, False, True, False, False, False]
    assert values["grad_x"][:2].view(np.uint32).tolist() == [0, 1 << 31]
    assert np.isinf(values["grad_x"][4])
    assert np.isnan(values["grad_x"][5])


def test_tables_are_those_of_the_definitions_in_the_catalogue() -> None:
    for name in NAMES:
        document = json.loads(files("symact.kernel").joinpath("tables", f"{name}.json").read_text(encoding="utf-8"))
        entry = catalog.get(name)
        assert document["digest"] == entry.digest
        assert document["parameters"] == {parameter.name: str(parameter.value) for parameter in entry.parameters}
