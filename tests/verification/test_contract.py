"""Every rule of the contract must catch the implementation that breaks it, and let the right one pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sympy import Symbol, exp, oo, sin

from symact.catalog import get
from symact.oracle import FORMATS, Oracle
from symact.symbolic.branches import Branches, Piece
from symact.symbolic.derivatives import derive
from symact.verification.contract import check, check_backward

Array = NDArray[Any]
x = Symbol("x", real=True)
GELU = Oracle(derive(get("gelu")).function)
RELU_SLOPE = Oracle(derive(get("relu")).first)
EXP = Oracle(Branches(x, (Piece(-oo, oo, exp(x)),), ()))
SINE = Oracle(Branches(x, (Piece(-oo, oo, sin(x)),), ()))


def right(oracle: Oracle, name: str) -> Callable[[Array], Array]:
    """The oracle itself as an implementation."""
    return lambda values: oracle.rounded(values, name)


def rules(implementation: Callable[[Array], Array], oracle: Oracle, name: str = "float32") -> set[str]:
    return {violation.rule for violation in check(implementation, oracle, name)}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("oracle", [GELU, RELU_SLOPE, EXP, SINE], ids=["gelu", "relu'", "exp", "sin"])
def test_the_truth_keeps_the_contract(oracle: Oracle, name: str) -> None:
    assert check(right(oracle, name), oracle, name) == []


def broken(change: Callable[[Array, Array], Array], oracle: Oracle = GELU) -> Callable[[Array], Array]:
    """The truth, with a change of the results that depends on the inputs."""
    return lambda values: change(values, oracle.rounded(values, "float32").copy())


def test_a_formula_that_is_nan_at_infinity() -> None:
    implementation = broken(lambda v, y: np.where(np.isinf(v), np.float32(np.nan), y))
    assert rules(implementation, GELU) == {"no spurious NaN"}


def test_a_select_that_swallows_nan() -> None:
    assert rules(broken(lambda v, y: np.where(np.isnan(v), np.float32(0), y)), GELU) == {"NaN stays NaN"}


def test_an_invented_limit() -> None:
    implementation = broken(lambda v, y: np.where(np.isinf(v), np.float32(0), y), SINE)
    assert rules(implementation, SINE) == {"NaN where there is no limit"}


def test_overflow_that_comes_early_or_not_at_all() -> None:
    early = broken(lambda v, y: np.where(v > 88, np.float32(np.inf), y), EXP)
    assert rules(early, EXP) == {"no early overflow"}
    late = broken(lambda v, y: np.minimum(y, np.finfo(np.float32).max), EXP)
    assert rules(late, EXP) == {"overflow"}


def test_a_flushed_tail() -> None:
    tiny = np.finfo(np.float32).tiny
    implementation = broken(lambda v, y: np.where(np.abs(y) < tiny, np.copysign(np.float32(0), y), y))
    assert rules(implementation, GELU) == {"gradual underflow"}


def test_the_sign_of_zero() -> None:
    assert rules(broken(lambda v, y: y + np.float32(0)), GELU) == {"sign of zero"}


def test_a_result_that_depends_on_the_arrays_length_or_place() -> None:
    def by_length(values: Array) -> Array:
        result = GELU.rounded(values, "float32").copy()
        if len(values) == 17:
            result[3] += 1
        return result

    def by_place(values: Array) -> Array:
        result = GELU.rounded(values, "float32").copy()
        result[8::10] = np.nextafter(result[8::10], np.float32(9))
        return result

    assert rules(by_length, GELU) == {"independence of length"}
    assert {"independence of length", "independence of strides"} <= rules(by_place, GELU)


def test_warnings_and_a_changed_input() -> None:
    def loud(values: Array) -> Array:
        warnings.warn("overflow encountered in exp", RuntimeWarning, stacklevel=1)
        return GELU.rounded(values, "float32")

    def in_place(values: Array) -> Array:
        result = GELU.rounded(values, "float32")
        values[:1] = 7
        return result

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert rules(loud, GELU) == {"no warning"}
    assert "the input is only read" in rules(in_place, GELU)


def test_another_dtype() -> None:
    assert rules(lambda values: GELU.rounded(values, "float32").astype(np.float64), GELU) == {"shape and dtype"}


def test_a_violation_names_input_result_and_truth() -> None:
    found = check(broken(lambda v, y: np.where(v == np.inf, np.float32(np.nan), y)), GELU, "float32")
    assert str(found[0]) == "no spurious NaN: x = inf: got nan, expected inf"


def test_backward_multiplies_as_ieee_does() -> None:
    def product(values: Array, gradient: Array) -> Array:
        with np.errstate(all="ignore"):
            return RELU_SLOPE.rounded(values, "float32") * gradient

    def masked(values: Array, gradient: Array) -> Array:
        return np.where(values > 0, gradient, np.float32(0))

    assert check_backward(product, RELU_SLOPE, "float32") == []
    found = check_backward(masked, RELU_SLOPE, "float32")
    assert {violation.rule for violation in found} >= {"NaN where there is no limit", "sign of zero"}
    assert "gradient = inf" in {violation.input.rpartition(", ")[2] for violation in found}
