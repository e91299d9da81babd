"""What a measurement says about implementations whose errors are known."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from sympy import Rational, Symbol, oo

from symact.catalog import get
from symact.errors import Error
from symact.kernel.program import Builder
from symact.oracle import FORMATS, Oracle
from symact.oracle.samples import inputs
from symact.symbolic.branches import Branches, Piece
from symact.symbolic.derivatives import derive
from symact.verification.accuracy import OUTPUTS, boundaries, measure, oracles, run
from symact.verification.bulk import Bulk
from symact.verification.functions import Functions
from symact.verification.sampling import Group, Implementation

x = Symbol("x", real=True)
THIRD = Oracle(Branches(x, (Piece(-oo, oo, x * Rational(1, 3)),), ()))
needs_compiler = pytest.mark.skipif(
    __import__("shutil").which("cc") is None, reason="there is no C compiler to load kernels with"
)


def test_the_truth_is_correctly_rounded() -> None:
    points = inputs("float32", 3000, THIRD)
    found = measure(THIRD.rounded(points, "float32"), THIRD, "float32", points)
    assert found.correctly_rounded == 1.0
    assert found.max_ulp <= 0.5
    assert found.failures == 0
    assert found.examples == ()
    assert found.method == "sampled"
    assert found.inputs == 3000


def test_one_wrong_value_is_found_and_measured() -> None:
    points = np.array([3.0, 6.0, 9.0, 12.0])
    values = np.array([1.0, 2.0, 3.0 + 5 * 2.0**-51, 4.0])
    found = measure(values, THIRD, "float64", points)
    assert found.max_ulp == pytest.approx(5, abs=1e-3)
    assert found.mean_ulp == pytest.approx(5 / 4, abs=1e-3)
    assert found.correctly_rounded == 0.75
    assert found.worst == {"x": (9.0).hex(), "got": values[2].hex(), "expected": (3.0).hex()}


def test_failures_are_counted_and_are_no_numbers() -> None:
    points = np.array([3.0, np.inf, np.nan, -0.0, 6.0])
    values = np.array([np.nan, np.inf, np.nan, 0.0, 2.0])
    found = measure(values, THIRD, "float64", points)
    assert found.failures == 2
    assert found.max_ulp < 0.5
    assert found.correctly_rounded == pytest.approx(3 / 5)
    assert {example.rule for example in found.examples} == {"no spurious NaN", "sign of zero"}


def test_the_incoming_gradient_is_part_of_the_truth_and_of_the_worst_input() -> None:
    points, factor = np.array([1.0, 2.0]), np.array([0.75, 3.0])
    found = measure(np.array([0.25, 2.0 + 2.0**-51]), THIRD, "float64", points, factor)
    assert found.max_ulp == pytest.approx(1, abs=1e-3)
    assert found.worst is not None
    assert found.worst["gradient"] == (3.0).hex()


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_all_inputs_of_a_16_bit_format_are_exhaustive(name: str) -> None:
    format = FORMATS[name]
    every = format.every()
    found = measure(THIRD.rounded(format.encode(every), name), THIRD, name, every)
    assert (found.method, found.inputs, found.correctly_rounded) == ("exhaustive", 65536, 1.0)


def test_a_naive_tanh_derivative_is_caught_in_the_tail() -> None:
    slope = Oracle(derive(get("tanh")).first)
    points = np.linspace(0.5, 40, 200)
    found = measure(1 - np.tanh(points) ** 2, slope, "float64", points)
    assert found.max_ulp > 1e15
    assert found.worst is not None
    # From 19.06 on 1 - tanh(x)**2 is exactly 0: an error of the whole value, 2**52 to 2**53 spacings.
    assert float.fromhex(found.worst["x"]) > 18
    assert float.fromhex(found.worst["got"]) == 0


def test_oracles_use_the_parameter_values_that_kernels_take() -> None:
    activation = get("leaky_relu")
    rounded = float(np.float32(0.01))
    value, slope, curvature = oracles(activation, {"alpha": rounded})
    assert slope.rounded(np.array([-1.0]), "float64")[0] == rounded
    assert value.rounded(np.array([-3.0]), "float64")[0] == float(-3 * Fraction(rounded))
    assert curvature.rounded(np.array([-3.0]), "float64")[0] == 0


def test_a_wrong_pass_dtype_or_target_is_named() -> None:
    with pytest.raises(Error, match="sideways"):
        run("relu", "c", "float32", "sideways")
    with pytest.raises(Error, match="float8"):
        run("relu", "c", "float8")
    with pytest.raises(Error, match="fortran"):
        run("relu", "fortran")


@needs_compiler
@pytest.mark.parametrize("pass_", OUTPUTS)
def test_run_measures_each_output_of_a_pass(pass_: str) -> None:
    found = run("logsigmoid", "c", "float32", pass_, count=1500)
    assert [one.output for one in found] == list(OUTPUTS[pass_])
    for one in found:
        assert one.accuracy.inputs == 1500
        assert one.accuracy.max_ulp <= (3.5 if pass_ == "backward_from_output" else 0.55)
        assert one.violations == ()
        document = json.loads(json.dumps(one.to_dict()))
        assert document["pass"] == pass_
        assert document["accuracy"]["failures"] == 0


@needs_compiler
def test_run_takes_other_parameter_values() -> None:
    (found,) = run(get("elu").with_values({"alpha": "0.3"}), "c", "float32", count=1500)
    assert Fraction(found.parameters["alpha"]) == Fraction(float(np.float32(0.3)))
    assert found.accuracy.max_ulp <= 0.55
    assert not math.isclose(found.accuracy.max_ulp, 0)


def test_numbers_that_a_program_compares_with_are_where_its_way_changes() -> None:
    b = Builder()
    x = b.input("x")
    small = b("select", b("lt", b("abs", x), b.const(Fraction(3, 8))), x, b.const(7))
    kernel = b.kernel("forward", ("x",), (), {"y": b("select", b("le", x, b.const(math.inf)), small, b("exp", x))})
    assert boundaries([kernel]) == (-0.375, 0.375)


def test_a_kernel_that_is_wrong_beside_its_own_boundary_is_caught() -> None:
    """One binade of 2**-30, nothing of which a sample of that size would otherwise hold."""
    right = THIRD

    def wrong(values: np.ndarray) -> np.ndarray:
        near = np.abs(values - 0.4375) < 2.0**-30
        return right.rounded(values, "float64") * np.where(near, 1 + 2.0**-40, 1.0)

    found = []
    for landmarks in ((), (0.4375,)):
        functions = Functions(get("identity"), {})
        functions.oracles = (right, *functions.oracles[1:])
        functions.bulk = (Bulk(right), *functions.bulk[1:])
        implementation = Implementation(wrong, lambda *_: [], landmarks)
        group = Group(functions, FORMATS["float64"], 0, implementations=[implementation])
        for _ in group.steps(count=2000):
            pass
        found.append(group.results[0][0].max_ulp)
    assert found[0] < 1
    assert found[1] > 1000
