"""How kernels are run where they are measured: what CUDA flushes is no error, and nothing else is forgiven."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symact import catalog, grammar, targets
from symact.errors import Error
from symact.kernel import store
from symact.oracle.formats import FORMATS
from symact.targets import cupy as device
from symact.verification import accuracy, execution, exhaustive
from symact.verification.accuracy import oracles, run
from symact.verification.execution import Execution, Run, forgiven
from symact.verification.execution import cupy as simulator

FLOAT32 = FORMATS["float32"]
TINY = np.float32(FLOAT32.smallest_normal)


def forgive(got: float, right: float, x: float, at_zero: float = np.nan, slope: float | None = None) -> float:
    values = [np.array([value], np.float32) for value in (got, at_zero)]
    exact = [np.array([value], np.float64) for value in (right, right if slope is None else slope, x)]
    return float(forgiven(values[0], *exact, values[1], format=FLOAT32)[0])


def test_a_subnormal_result_may_be_zero_of_its_sign() -> None:
    assert forgive(0.0, 1e-39, 5.0) == np.float32(1e-39)
    assert forgive(-0.0, -1e-39, 5.0) == np.float32(-1e-39)
    assert np.signbit(forgive(-0.0, 1e-39, 5.0))
    assert forgive(0.0, 1e-37, 5.0) == 0


def test_a_subnormal_result_may_lack_a_flushed_term_but_not_more() -> None:
    assert forgive(1.5e-38, 0.7e-38, 5.0) == np.float32(0.7e-38)
    assert forgive(2.5e-38, 0.7e-38, 5.0) == np.float32(2.5e-38)
    assert np.isnan(forgive(np.nan, 1e-39, 5.0))


def test_a_subnormal_input_may_be_taken_for_zero() -> None:
    """The derivative of relu at 1e-40 is 1, and at 0 it is 0."""
    assert forgive(0.0, 1.0, 1e-40, at_zero=0.0) == 1
    assert forgive(0.0, 1.0, 1e-30, at_zero=0.0) == 0
    assert forgive(0.5, 1.0, 1e-40, at_zero=0.0) == 0.5
    assert forgive(-7e-39, -1.18e-38, -7e-39, at_zero=-0.0) == np.float32(-1.18e-38)
    assert forgive(-7e-38, -1.18e-38, -7e-39, at_zero=-0.0) == np.float32(-7e-38)


def test_a_gradient_may_be_zero_where_the_slope_is_subnormal() -> None:
    assert forgive(0.0, 1e-36, 90.0, slope=1e-39) == np.float32(1e-36)
    assert forgive(0.0, 1e-36, 90.0, slope=1e-37) == 0


def test_an_infinite_gradient_times_what_was_flushed_is_nan() -> None:
    assert forgive(np.nan, np.inf, 90.0, slope=1e-39) == np.inf
    assert np.isnan(forgive(np.nan, np.inf, 90.0, slope=1e-37))
    assert forgive(np.nan, -np.inf, 1e-40, at_zero=np.nan, slope=1.0) == -np.inf
    assert np.isnan(forgive(np.nan, -np.inf, 1e-40, at_zero=-np.inf, slope=1.0))
    assert np.isnan(forgive(np.nan, 1.0, 90.0, slope=1e-39))


def test_targets_that_run_here_run_once_and_as_they_are() -> None:
    how = execution.of(store.compiled(catalog.get("relu")), "numpy", "float32")
    assert [one.name for one in how.runs] == [""]
    assert (how.label, how.flushes) == ("", False)
    assert execution.missing("numpy") is None


def test_the_worst_way_is_reported_with_its_name_and_the_error_without_approximations() -> None:
    """The ways of a kernel that is off by 0, 1 and 3 last places."""
    activation = grammar.parse("x")
    compiled = store.compiled(activation)
    plain = targets.load(compiled, "numpy", "float32")

    class Off:
        """The kernels with every result moved."""

        parameters, passes = plain.parameters, plain.passes

        def __init__(self, by: int) -> None:
            self.by = by

        def forward(self, x: Any) -> Any:
            moved = (plain.forward(x).view(np.int32) + self.by).view(np.float32)
            return np.where(np.isfinite(moved) & (np.abs(x) > 1e-30), moved, plain.forward(x))

    runs = (Run("", Off(0)), Run("far", Off(3), nominal=False), Run("near", Off(1)))  # type: ignore[arg-type]
    how = Execution(runs, "made up", "by hand")
    plan = accuracy.Plan(activation)
    plan.execute(accuracy.Subject("numpy", "float32", "forward"), how)
    (found,) = plan.measure(count=1000)
    assert (found.variant, found.executed, found.tool) == ("far", "made up", "by hand")
    assert (found.accuracy.max_ulp, found.nominal_ulp) == (3, 1)
    assert found.to_dict()["executed"] == "made up"


def test_runs_that_come_down_to_the_same_are_run_once() -> None:
    kernels: Any = None
    runs = (
        Run("", kernels, ways={"forward": 0, "derivative": 0}),
        Run("up", kernels, ways={"forward": 0, "derivative": 1}),
        Run("down", kernels, ways={"forward": 0, "derivative": -1}),
    )
    how = Execution(runs, "", "")
    assert how.different("forward") == [runs[0]]
    assert how.different("derivative") == list(runs)
    assert how.different("backward") == list(runs)


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator.nvrtc, "missing", lambda: "cupy is not installed")


@pytest.mark.usefixtures("no_compiler")
def test_without_device_and_compiler_it_is_said_what_is_missing() -> None:
    if device.missing() is None:
        pytest.skip("there is a device")
    with pytest.raises(Error, match=r"target cupy cannot run here: .* kernels' PTX cannot be executed: cupy is not"):
        run("relu", "cupy", "float32")


needs_compiler = pytest.mark.skipif(simulator.missing() is not None, reason=str(simulator.missing()))


@needs_compiler
@pytest.mark.parametrize(("name", "pass_"), [("relu", "derivative"), ("softplus", "forward"), ("logsig", "derivative")])
def test_every_input_around_what_is_flushed(name: str, pass_: str) -> None:
    """The exhaustive check counts every input, subnormal ones and those with subnormal results too."""
    first = {"relu": 0, "softplus": 0xC2AE0000, "logsig": 0x78000000}[name]  # the results of softplus get subnormal
    activation = catalog.get(name)
    compiled = store.compiled(activation)
    how = execution.of(compiled, "cupy", "float32")
    parameters = tuple(how.parameters.items())
    oracle = oracles(activation, how.parameters)[0 if pass_ == "forward" else 1]
    table = exhaustive.Table(oracle)
    single = np.array(sorted(set(table.single)), np.uint32)
    task = exhaustive.Task(compiled, "cupy", "accurate", pass_, 0, parameters, table.pieces, single, how.tool)
    tally, open_ = exhaustive.judge(task, task.kernel(), first, 1 << 18)
    tally += exhaustive.by_oracle(oracle, open_, task.at_zero())
    assert tally.inputs == 1 << 18
    assert tally.failures == 0
    assert tally.largest < 8


class Array(np.ndarray):
    """An array that comes back from a device."""

    def get(self) -> np.ndarray:
        return np.array(self)


def test_on_a_device_arrays_go_there_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in CuPy's place whose kernels are functions of arrays; the real one needs a GPU."""
    calls: list[str] = []

    class Kernel:
        def __init__(self, inputs: str, outputs: str, operation: str, name: str, preamble: str) -> None:
            self.name = name

        def __call__(self, x: Any, *rest: Any) -> None:
            assert isinstance(x, Array)
            calls.append(self.name)
            rest[-1][...] = np.maximum(x, 0)

    cupy = ModuleType("cupy")
    places = {"ElementwiseKernel": Kernel, "asarray": lambda a: a.view(Array), "empty_like": np.empty_like}
    cupy.__dict__.update(places)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(device, "missing", lambda: None)
    monkeypatch.setattr(device, "tool", lambda: "CuPy on a made-up device")
    how = execution.of(store.compiled(catalog.get("relu")), "cupy", "float32")
    assert (how.label, how.tool, how.flushes) == ("", "CuPy on a made-up device", True)
    (only,) = how.runs
    x = np.array([-1, 2, 3], np.float32)
    np.testing.assert_array_equal(only.kernels.forward(x), [0, 2, 3])
    assert calls == ["symact_relu_forward"]
