"""Samples find what is wrong in a few places, count it right, and are the same every time."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from symact import catalog
from symact.oracle.formats import FORMATS, Format
from symact.oracle.samples import around, gradients, line, roots
from symact.verification.figures import Accuracy, Figures, Points, measure
from symact.verification.functions import Functions
from symact.verification.sampling import Group, Implementation, sample


@lru_cache
def functions(name: str) -> Functions:
    return Functions(catalog.get(name), {})


def measured(
    call: Callable[..., NDArray[Any]], name: str, dtype: str, order: int, *, count: int, **how: bool
) -> Accuracy:
    group = Group(functions(name), FORMATS[dtype], order, **how, implementations=[Implementation(call, lambda *_: [])])
    assert sum(1 for _ in group.steps(count)) == group.size(count)
    ((accuracy, _),) = group.results
    return accuracy


def truth(name: str, order: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    oracle = functions(name).oracles[order]
    return lambda x: oracle.rounded(x, x.dtype.name)


def test_a_region_too_narrow_for_the_sample_is_found_by_the_search() -> None:
    """Errors that grow towards a point, as they do beside a root that a kernel misses."""
    right, centre = truth("tanh", 0), 0.7390851332151607

    def spiked(x: NDArray[Any]) -> NDArray[Any]:
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.floor(1 / np.abs(x - centre)).clip(0, 2.0**40)
        y = right(x)
        return np.where(np.isfinite(y), y + np.spacing(y) * np.nan_to_num(steps), y)

    found = measured(spiked, "tanh", "float64", 0, count=3000)
    assert found.worst is not None
    at = float.fromhex(found.worst["x"])
    points = sample(functions("tanh"), FORMATS["float64"], 0, count=3000).x
    best = np.nanmin(np.abs(points - centre))
    assert abs(at - centre) < best / 1000
    assert found.max_ulp > 1000 * measure(spiked(points), functions("tanh").oracles[0], "float64", points).max_ulp
    assert found.inputs == 3000
    assert found.searched > 0


def test_the_search_adds_nothing_to_means_and_shares() -> None:
    right = truth("tanh", 0)
    found = measured(right, "tanh", "float32", 0, count=2000)
    points = sample(functions("tanh"), FORMATS["float32"], 0, count=2000).x
    alone = measure(right(points.astype(np.float32)), functions("tanh").oracles[0], "float32", points)
    assert found.mean_ulp == pytest.approx(alone.mean_ulp)
    assert (found.correctly_rounded, found.failures) == (1.0, 0)
    assert alone.max_ulp <= found.max_ulp <= 0.5


def test_a_failure_that_only_the_search_meets_is_counted() -> None:
    right = truth("tanh", 0)
    seen = set(sample(functions("tanh"), FORMATS["float32"], 0, count=2000).x.tolist())

    def fails(x: NDArray[Any]) -> NDArray[Any]:
        return np.where(np.isin(x.astype(np.float64), list(seen)) | np.isnan(x), right(x), np.float32(np.nan))

    found = measured(fails, "tanh", "float32", 0, count=2000)
    assert found.failures == found.searched > 0
    assert {example.rule for example in found.examples} == {"no spurious NaN"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_backward_with_a_rounded_slope_leaves_out_what_no_bound_can_hold_for(dtype: str) -> None:
    """f' rounded to a subnormal number and multiplied by a large gradient is no reason for a verdict."""
    slope = truth("tanh", 1)
    found = measured(lambda x, g: slope(x) * g, "tanh", dtype, 1, count=4000, backward=True, rounded_first=True)
    assert 100 < found.left_out < 3000
    assert found.inputs == 4000
    assert found.max_ulp <= 1.5  # f' rounded (up to 1 in the product's spacing), and the product
    assert found.worst is not None
    assert "gradient" in found.worst
    assert found.method == "sampled"


def test_backward_with_a_wide_slope_is_judged_everywhere() -> None:
    """A rounded f' is not enough there."""
    slope = truth("tanh", 1)
    found = measured(lambda x, g: slope(x) * g, "tanh", "float32", 1, count=4000, backward=True)
    assert found.left_out == 0
    assert found.max_ulp > 1000


def test_gradients_are_those_of_networks_and_of_scaled_losses() -> None:
    for name, format in FORMATS.items():
        drawn = gradients(name, 4000)
        np.testing.assert_array_equal(format.decode(format.encode(drawn)), drawn)
        size = np.abs(drawn)
        assert ((size > 0.1) & (size < 3)).mean() > 0.4
        assert size.min() < 2.0**-5
        assert size.max() > 2.0**5
        np.testing.assert_array_equal(drawn, gradients(name, 4000))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_half_of_a_sample_is_spread_over_all_bit_patterns_and_much_lies_around_roots(dtype: str) -> None:
    format = FORMATS[dtype]
    points = sample(functions("gelu"), format, 1, count=20_000)
    assert len(points) == 20_000
    exponents = np.frexp(points.x[np.isfinite(points.x)])[1]
    counts = np.histogram(exponents, bins=16, range=(format.emin, format.emax + 1))[0]
    assert counts.min() > 300
    # The root of f', to which 20 digits are known (mpmath's findroot of its definition).
    distance = np.abs(format.ordinals(points.x) - format.ordinals(np.array([-0.7517915246935645]))[0])
    assert (distance < 2 ** (format.precision // 2)).sum() > 100
    again = sample(functions("gelu"), format, 1, count=20_000)
    np.testing.assert_array_equal(points.x, again.x)
    assert not np.array_equal(points.x, sample(functions("gelu"), format, 1, count=20_000, seed=1).x, equal_nan=True)


def test_roots_of_a_function_are_bracketed() -> None:
    """gelu'' vanishes at the square roots of 2 only; what else changes sign is a tail that underflows."""
    found = roots(functions("gelu").oracles[2])
    for exact in (-(2**0.5), 2**0.5):
        assert np.sum(np.abs(found - exact) <= np.spacing(abs(exact))) == 2
    assert set(found[np.abs(found) < 30]) == set(found[np.abs(np.abs(found) - 2**0.5) < 1e-15])


@pytest.mark.parametrize("dtype", FORMATS)
def test_neighbours_are_numbers_of_the_format_on_both_sides_at_all_scales(dtype: str) -> None:
    format = FORMATS[dtype]
    found = around(format, np.full(2000, 1.5), np.random.default_rng(0))
    np.testing.assert_array_equal(format.decode(format.encode(found)), found)
    steps = format.ordinals(found) - format.ordinals(np.array([1.5]))[0]
    assert (np.abs(steps) == 1).any()
    assert np.abs(steps).max() > 2 ** (format.precision - 2)
    assert 0.4 < (steps > 0).mean() < 0.6
    edge = around(format, np.array([format.max, -format.max, 0.0]).repeat(50), np.random.default_rng(0))
    assert np.isfinite(edge).all()


def test_a_pictures_inputs_ascend_and_reach_both_ends() -> None:
    found = line("float32", 2000, 8.0)
    format: Format = FORMATS["float32"]
    assert (np.diff(format.ordinals(found)) > 0).all()
    assert found[[0, -1]].tolist() == [-format.max, format.max]
    assert (np.abs(found) < 8).sum() > 1400


def test_the_largest_error_of_all_batches_is_kept_with_its_input() -> None:
    third = functions("logistic").oracles[0]
    figures = Figures("float64")
    for batch in range(3):
        points = Points(np.linspace(batch, batch + 1, 500))
        values = third.rounded(points.x, "float64")
        values[77] += (batch % 2) * 9 * np.spacing(values[77])
        figures.add(points, values, third.reference(points.x, "float64"))
    found = figures.accuracy(third)
    assert found.inputs == 1500
    assert found.worst is not None
    assert Fraction(float.fromhex(found.worst["x"])) == Fraction(float(np.linspace(1, 2, 500)[77]))
    assert 8.5 <= found.max_ulp <= 9.5
    assert found.correctly_rounded == pytest.approx(1499 / 1500)
