"""Programs with tables in C: bit for bit where a table holds, and what takes over bit for bit everywhere else."""

from pathlib import Path

import numpy as np
import pytest

import symact
from symact import Activation, catalog, targets
from symact.errors import Error
from symact.kernel.arithmetic import TABLE
from symact.kernel.compiled import PASSES, Tables
from symact.kernel.interpret import evaluate
from symact.kernel.store import compiled
from symact.oracle.samples import gradients, inputs
from symact.targets import c
from symact.targets.loaded import Loaded
from symact.verification.accuracy import run

pytestmark = pytest.mark.skipif(c.missing() is not None, reason=str(c.missing()))


def processor_has_tables() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
    return {"avx512f", "avx512dq"} <= set(flags)


needs_avx512 = pytest.mark.skipif(not processor_has_tables(), reason="no AVX-512 here, as far as /proc/cpuinfo says")

#: A form of each kind: with and without a lane outside, with a tail, with a root, with pairs, quarters of octaves.
NAMES = ["tanh", "logistic", "logsig", "silu", "gelu", "softplus"]

#: Those of level accurate: of f(x)/x, with a ramp, a step and a root, a decay on one side, a squared one.
ACCURATE = [(name, "accurate") for name in ("tanh", "softplus", "silu", "mish", "gelu")]


def load(name: str, level: str) -> Loaded:
    return targets.load(compiled(catalog.get(name)), "c", level=level)


def results(kernels: Loaded, x: np.ndarray, gradient: np.ndarray, pass_: str, **parameters: float) -> list[np.ndarray]:
    given = (x, gradient) if pass_ == "backward" else (x,)
    found = getattr(kernels, pass_)(*given, **parameters)
    return list(found) if isinstance(found, tuple) else [found]


def bits(values: np.ndarray) -> np.ndarray:
    """Bit patterns, one for all NaN."""
    return np.where(np.isnan(values), np.uint32(0x7FC00000), values.view(np.uint32))


def sample(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of all kinds, and none of the arrays' lengths a multiple of a vector's."""
    x = inputs("float32", 20_003, seed=seed).astype(np.float32)
    gradient = gradients("float32", len(x), seed=seed).astype(np.float32)
    gradient[::97] = np.resize(np.array([0, -0.0, np.inf, -np.inf, np.nan], np.float32), len(gradient[::97]))
    return x, gradient


@needs_avx512
@pytest.mark.parametrize(("name", "level"), [*((name, "table") for name in NAMES), *ACCURATE])
def test_results_are_the_programs_where_the_table_holds_and_those_of_another_elsewhere(
    name: str, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a table does not hold is as at level accurate, and what none there holds as in float64."""
    x, gradient = sample()
    table = load(name, level)
    if level == "accurate":
        monkeypatch.setenv("CFLAGS", "-DSYMACT_NO_TABLES")
    accurate = load(name, "accurate")
    found = compiled(catalog.get(name)).tables[level]
    for pass_ in PASSES:
        got, others = (results(kernels, x, gradient, pass_) for kernels in (table, accurate))
        if pass_ not in found.programs:
            if level == "accurate" and pass_ == "value_and_derivative":  # each result as alone
                others = [*results(table, x, gradient, "forward"), *results(table, x, gradient, "derivative")]
            for one, other in zip(got, others, strict=True):
                np.testing.assert_array_equal(bits(one), bits(other), err_msg=pass_)
            continue
        kernel = found.programs[pass_]
        values = evaluate(kernel, {"x": x, "grad_y": gradient} if pass_ == "backward" else {"x": x}, TABLE)
        outside = values.pop("outside", np.zeros(x.shape)) != 0
        assert any(name == "outside" for name, _ in kernel.outputs) == outside.any()
        for one, other, value in zip(got, others, values.values(), strict=True):
            np.testing.assert_array_equal(bits(one), bits(np.where(outside, other, value)), err_msg=pass_)


@pytest.mark.parametrize("name", ["tanh", "silu"])
def test_without_the_instructions_every_pass_is_that_of_accurate(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-DSYMACT_NO_TABLES")
    x, gradient = sample(1)
    table, accurate = load(name, "table"), load(name, "accurate")
    for pass_ in PASSES:
        for one, other in zip(*(results(k, x, gradient, pass_) for k in (table, accurate)), strict=True):
            np.testing.assert_array_equal(bits(one), bits(other), err_msg=pass_)


@pytest.mark.parametrize("name", ["silu", "softplus", "elu"])
def test_with_other_parameters_every_pass_is_that_of_accurate(name: str) -> None:
    x, gradient = sample(2)
    table, accurate = load(name, "table"), load(name, "accurate")
    (parameter,) = table.parameters
    for pass_ in PASSES:
        both = [results(k, x, gradient, pass_, **{parameter: 1.25}) for k in (table, accurate)]
        for one, other in zip(*both, strict=True):
            np.testing.assert_array_equal(bits(one), bits(other), err_msg=pass_)


@pytest.mark.parametrize("name", ["tanh", "logsig", "gelu"])
def test_a_result_does_not_depend_on_where_its_element_stands(name: str) -> None:
    kernels = load(name, "table")
    x = np.random.default_rng(3).normal(size=300).astype(np.float32)
    x[[5, 40, 41, 250]] = 3000.0, -np.inf, np.nan, -77.0
    for pass_ in ("forward", "derivative"):
        whole = bits(getattr(kernels, pass_)(x))
        for start in range(20):
            for length in (0, 1, 15, 16, 17, 31, 63, 64, 65, 150):
                part = bits(getattr(kernels, pass_)(x[start : start + length]))
                np.testing.assert_array_equal(part, whole[start : start + length])


def test_arrays_that_are_written_past_the_caches_have_the_same_results() -> None:
    """2^22 numbers and a few more, at addresses that are no multiple of a cache line; and in place."""
    kernels = load("logsig", "table")
    x = np.random.default_rng(4).normal(scale=60, size=(1 << 22) + 75).astype(np.float32)
    expected = np.concatenate([kernels.forward(part) for part in np.array_split(x, 64)])
    for first in (0, 1, 7):
        room = np.full(x.size + 16, np.float32(9))
        kernels.forward(x[first:], out=room[first + 3 : x.size + 3])
        np.testing.assert_array_equal(bits(room[first + 3 : x.size + 3]), bits(expected[first:]))
        assert (room[: first + 3] == 9).all()
        assert (room[x.size + 3 :] == 9).all()
    kernels.forward(x, out=x)
    np.testing.assert_array_equal(bits(x), bits(expected))


def test_an_activation_without_tables_says_which_levels_it_has() -> None:
    with pytest.raises(Error, match=r"relu has no level 'table'.*accurate"):
        load("relu", "table")


@pytest.mark.slow
def test_an_expression_of_ones_own_gets_tables_when_they_are_asked_for_and_they_can_be_measured() -> None:
    x = np.random.default_rng(6).normal(scale=3, size=2000).astype(np.float32)
    table = symact.load("x/(1 + exp(-1.5*x))", target="c", level="table").forward(x)
    accurate = symact.load("x/(1 + exp(-1.5*x))", target="c").forward(x)
    assert (np.abs(table.view(np.int32) - accurate.view(np.int32)) <= 1).all()
    (measured,) = run("x/(1 + exp(-1.5*x))", "c", level="table", count=2000)
    assert measured.level == "table"
    assert measured.accuracy.failures == 0
    assert measured.accuracy.max_ulp <= 1
    assert not compiled(symact.parse("x/(1 + exp(-1.5*x))"), ["wide"]).tables  # they are not searched for unasked
    if processor_has_tables():
        assert (table != accurate).any()
        assert measured.accuracy.max_ulp > 0.55  # that of level accurate is no more


def test_each_value_of_a_parameter_has_tables_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def search(activation: Activation, known: object, level: str) -> tuple[Tables, dict[str, object]]:
        assert level == "table"
        return Tables({}, {str(name): str(value) for name, value in activation.values.items()}), {}

    monkeypatch.setattr("symact.kernel.piecewise.search.search", search)
    definition = symact.parse("k*x", {"k": 2})
    for value in (2, 3, 2):
        found = compiled(definition.with_values({"k": value}), ["wide"], tables="table").tables
        assert found == {"table": Tables({}, {"k": str(value)})}
