"""What the inputs must contain to find errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sympy import S, Symbol, exp, oo

from symact.catalog import get
from symact.oracle import FORMATS, Oracle
from symact.oracle.samples import inputs, roots, special
from symact.symbolic.branches import Branches, Piece, Point, split
from symact.symbolic.derivatives import derive
from symact.verification.functions import oracles

x = Symbol("x", real=True)


@pytest.mark.parametrize("name", FORMATS)
def test_inputs_are_numbers_of_the_format_and_always_the_same(name: str) -> None:
    format = FORMATS[name]
    first, again, other = inputs(name, 3000), inputs(name, 3000), inputs(name, 3000, seed=1)
    assert len(first) == 3000
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other, equal_nan=True)
    np.testing.assert_array_equal(format.decode(format.encode(first)), first)
    held = {value.hex() for value in first.tolist()}
    assert held >= {value.hex() for value in special(name).tolist()}


def test_every_exponent_region_of_both_signs_occurs() -> None:
    drawn = inputs("float64", 10_000)
    exponent = np.frexp(drawn[np.isfinite(drawn) & (drawn != 0)])
    for sign in (-1, 1):
        found = np.histogram(exponent[1][np.sign(exponent[0]) == sign], bins=20, range=(-1074, 1025))[0]
        assert (found > 10).all()


def test_both_sides_of_a_breakpoint_occur() -> None:
    shifted = Oracle(Branches(x, (Piece(-oo, S(3), S.Zero), Piece(S(3), oo, x)), (Point(S(3), S.Zero, S(3), S.Zero),)))
    held = set(inputs("float32", 2000, shifted).tolist())
    assert {float(np.nextafter(np.float32(3), np.float32(end))) for end in (0, 9)} | {3.0} <= held


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_the_last_finite_and_the_first_infinite_result_occur(name: str) -> None:
    oracle = Oracle(Branches(x, (Piece(-oo, oo, exp(x)),), ()))
    drawn = inputs(name, 2000, oracle)
    edge = math.log(float(np.finfo(name).max))
    near = drawn[np.abs(drawn - edge) < 40 * float(np.spacing(np.dtype(name).type(edge)))]
    results = np.isinf(oracle.rounded(near.astype(name), name))
    assert results.any()
    assert not results.all()


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("order", [0, 1])
def test_subnormal_results_occur_by_the_dozen(name: str, order: int) -> None:
    derivation = derive(get("gelu"))
    oracle = Oracle((derivation.function, derivation.first)[order])
    drawn = inputs(name, 2000, oracle)
    results = np.abs(oracle.reference(drawn, name).rounded[drawn < -1])
    assert ((results > 0) & (results < FORMATS[name].smallest_normal)).sum() >= 12


def test_without_an_oracle_there_are_no_thresholds_to_look_for() -> None:
    assert len(inputs("float32", 500)) == 500
    assert len(inputs("float32", 500, Oracle(split(get("relu"))))) == 500


@pytest.mark.parametrize("name", ["logsig", "silu"])
def test_roots_are_finite_and_only_where_a_function_changes_its_sign(name: str) -> None:
    slope = oracles(get(name), {})[1]
    found = roots(slope)
    assert np.isfinite(found).all()
    assert len(found) == (2 if name == "silu" else 0)
    if name == "silu":
        low, high = slope.reference(found, "float64").rounded
        assert low < 0 < high
