"""Short programs for usual inputs: good where they hold, and what they say of the rest."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from sympy import Expr, Piecewise, exp, tanh

from symact import catalog, targets
from symact.activation import Activation, Parameter
from symact.errors import Error
from symact.grammar import parse
from symact.kernel.arithmetic import USUAL
from symact.kernel.interpret import evaluate
from symact.kernel.program import Kernel
from symact.kernel.search.score import inputs
from symact.kernel.search.usual import both
from symact.kernel.store import compiled, search, write
from symact.oracle import Oracle
from symact.symbolic.derivatives import derive

#: ULP of the result, before the last rounding in wide arithmetic.
LEVELS = {"usual_wide": 2.0**-5, "usual_mixed": 3.5, "usual_float32": 8.0}

#: Those of f', beside which it is more in float32.
ROOTS = {"silu": -1.2784645, "mish": -1.1924312}


def outside(kernel: Kernel, found: dict[str, np.ndarray]) -> np.ndarray:
    none = np.zeros(next(iter(found.values())).shape)
    return found.get("outside", none) != 0


@pytest.mark.parametrize("usual", USUAL)
@pytest.mark.parametrize("name", ["silu", "softplus", "tanhshrink", "logistic", "logsig", "mish"])
@pytest.mark.parametrize("pass_", ["forward", "derivative"])
def test_errors_are_small_wherever_a_short_program_holds(name: str, usual: str, pass_: str) -> None:
    """On inputs that the search has not seen."""
    activation = catalog.get(name)
    kernel = compiled(activation).programs[usual].get(pass_)
    if kernel is None:
        assert (name, pass_) not in {("silu", "forward"), ("mish", "derivative")}
        return
    derivation = derive(activation)
    branches = derivation.function if pass_ == "forward" else derivation.first
    arithmetic = USUAL[usual]
    t = inputs(0.0, np.inf, np.dtype(arithmetic.result), seed=977)
    x = np.concatenate([-t, t, np.array([0.0, -0.0, np.inf, -np.inf, np.nan], t.dtype)])
    found = evaluate(kernel, {"x": x.astype(arithmetic.dtype)}, arithmetic)
    oracle = Oracle(branches.subs(activation.values))
    (errors,) = (oracle.reference(x, arithmetic.result).errors(found[o]) for o, _ in kernel.outputs if o != "outside")
    counts = ~outside(kernel, found)
    if (usual, pass_) == ("usual_float32", "derivative") and name in ROOTS:
        counts &= np.abs(x - ROOTS[name]) > 0.3
    assert counts.sum() > 500
    assert errors[counts].max() <= LEVELS[usual]


@pytest.mark.parametrize("usual", USUAL)
def test_nan_is_never_left_out_and_comes_out_as_nan(usual: str) -> None:
    kernel = compiled(catalog.get("silu")).programs[usual]["derivative"]
    found = evaluate(kernel, {"x": np.array([np.nan])}, USUAL[usual])
    assert np.isnan(found["dydx"]).all()
    assert not outside(kernel, found).any()


def test_pairs_around_the_librarys_functions_are_found_where_single_numbers_lose_digits() -> None:
    """f' of logsig: a logarithm by name, and no exponent of a number taken apart as in the general program."""
    kernel = compiled(catalog.get("logsig")).programs["usual_mixed"]["derivative"]
    assert "log1p" in kernel.operations()
    assert "product_error" in kernel.operations()
    assert not {"exponent", "pow2"} & kernel.operations()


def test_tanh_is_1_over_cosh_where_that_is_shorter() -> None:
    kernel = compiled(catalog.get("tanh")).programs["usual_float32"]["derivative"]
    assert kernel.operations() - {"lt", "or"} == {"cosh", "mul", "div"}


def test_both_hold_where_each_of_them_does() -> None:
    programs = compiled(catalog.get("silu")).programs["usual_mixed"]
    first, second = programs["forward"], programs["derivative"]
    x = np.linspace(-800, 800, 4001)
    found = evaluate(both("both", first, second), {"x": x}, USUAL["usual_mixed"])
    alone = [evaluate(kernel, {"x": x}, USUAL["usual_mixed"]) for kernel in (first, second)]
    np.testing.assert_array_equal(found["y"], alone[0]["y"])
    np.testing.assert_array_equal(found["dydx"], alone[1]["dydx"])
    np.testing.assert_array_equal(found["outside"] != 0, (alone[0]["outside"] + alone[1]["outside"]) != 0)


def test_nothing_is_shorter_than_one_function() -> None:
    assert "forward" not in compiled(catalog.get("tanh")).programs["usual_mixed"]


@pytest.mark.parametrize("usual", USUAL)
@pytest.mark.parametrize(
    ("name", "limits"), [("relu", {"max"}), ("relu6", {"max", "min"}), ("hardswish", {"max", "min"})]
)
def test_pieces_that_limit_each_other_take_no_choice(name: str, limits: set[str], usual: str) -> None:
    operations = compiled(catalog.get(name)).programs[usual]["forward"].operations()
    assert limits <= operations <= limits | {"add", "mul", "lt", "and", "or"}


@pytest.mark.parametrize(
    ("text", "pass_", "operations"),
    [
        ("max(0, min(x, 6))", "forward", {"max", "min", "add"}),
        ("min(0, x)", "forward", {"min", "add"}),
        ("max(0, 1 - x)", "forward", {"max", "sub", "add"}),
        ("x*max(0, min(1, x/4 + 1/2))", "forward", {"max", "min", "add", "mul"}),
        ("exp(min(x, 0)) + max(x, 0) - 1", "derivative", {"min", "exp"}),
    ],
)
def test_pieces_between_numbers_are_looked_for(text: str, pass_: str, operations: set[str]) -> None:
    """A limit of 0 has 0 added, for nobody knows its sign; so f has none where it is 0."""
    found, record = search(parse(text), ["wide", "usual_wide"])
    kernel = found.programs["usual_wide"][pass_]
    assert kernel.operations() - {"lt", "and", "or"} == operations
    assert record["usual_wide"][pass_][0]["rule"].split(" in x, ")[1].startswith(("max", "min"))
    values = evaluate(kernel, {"x": np.array([0.0, -7.0, 7.0])}, USUAL["usual_wide"])
    (result,) = (value for name, value in values.items() if name != "outside")
    assert not np.signbit(result[result == 0]).any()


def test_a_function_that_jumps_between_many_pieces_has_no_short_program() -> None:
    assert all("derivative" not in compiled(catalog.get("hardswish")).programs[usual] for usual in USUAL)


def test_a_text_has_short_programs_too() -> None:
    activation = catalog.resolve("x/(1+exp(-x))")
    found, record = search(activation, ["wide", "usual_wide"])
    assert found.programs["usual_wide"]["forward"] == compiled(catalog.get("silu")).programs["usual_wide"]["forward"]
    assert record["usual_wide"]["forward"][0]["rule"] == "decaying in x"


def test_a_parameter_that_float32_does_not_have_leaves_short_programs_out() -> None:
    """Then the kernels of float32 and of float64 are not the same function."""
    activation = catalog.resolve("silu", {"beta": 1.702})
    found, _ = search(activation, ["wide", "usual_wide"])
    assert found.programs["usual_wide"] == {}


def test_an_exponential_inside_of_another_is_an_operation_of_short_programs_too() -> None:
    """The inner one is one with all digits in wide arithmetic; NumPy has no function for it."""
    found, _ = search(parse("exp(-exp(-x))"), ["wide", "usual_wide"])
    assert set(found.programs) == {"wide", "usual_wide"}


def test_short_programs_are_kept_with_the_values_that_they_are_made_for() -> None:
    """Whatever was searched for before at other values."""

    def define(x: Expr, steepness: Expr) -> Expr:
        return 1 / (1 + exp(-steepness * x))

    activation = Activation("steep", define, parameters=(Parameter("steepness"),))
    compiled(activation, ["wide"])
    x = np.array([0.5])
    for value in (2, 1):
        found = compiled(activation.with_values({"steepness": value}), ["wide", "usual_wide"])
        assert found.usual_parameters == {"steepness": str(value)}
        short = found.programs["usual_wide"]["forward"]
        assert evaluate(short, {"x": x}, USUAL["usual_wide"])["y"] == pytest.approx(1 / (1 + np.exp(-value * x)))


@pytest.mark.slow
def test_no_short_program_gives_a_number_or_its_input_where_results_have_to_be_put_in() -> None:
    """NumPy's choice gives a side as it is where all elements are on it."""
    activation = Activation(
        "half_shrink", lambda x: Piecewise((0, x < 0), (x - tanh(x), True)), derivative_at={"0": "0"}
    )
    loaded = targets.load(compiled(activation, ["mixed", "usual_mixed"]), "numpy", dtype="float64", level="accurate")
    x = -np.linspace(1e-3, 0.25, 50)
    np.testing.assert_array_equal(loaded.forward(x), np.zeros(50))
    np.testing.assert_array_equal(loaded.value_and_derivative(x), np.zeros((2, 50)))


def test_short_programs_for_other_values_are_not_kept_by_a_search_of_other_arithmetics(tmp_path: Path) -> None:
    stored = files("symact.kernel").joinpath("programs", "silu.json").read_text(encoding="utf-8")
    document = json.loads(stored)
    document["usual_parameters"] = {"beta": "2"}
    (tmp_path / "silu.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(Error, match=r"short programs of silu are for \{'beta': '2'\}"):
        write(catalog.get("silu"), tmp_path, ["wide"])
