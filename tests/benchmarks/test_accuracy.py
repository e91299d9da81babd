"""What the samples show of results whose errors are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.accuracy import HARD, errors, samples
from benchmarks.tasks import Task, arrays

TASK = Task("relu", "forward", "float32", 1 << 15, 1)


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0); NaN stays NaN."""
    return np.where(x > 0, x, np.where(np.isnan(x), x, np.float32(0)))


def test_right_results_have_no_error_on_either_sample() -> None:
    for sample in samples(TASK, arrays(TASK)):
        found = errors(relu(sample.arrays.x), TASK, sample)
        assert (found.max_ulp, found.wrong, found.zeros) == (0, 0, 0), sample.name


def test_errors_failures_and_signs_of_zero_are_told_apart() -> None:
    timed, everywhere = samples(TASK, arrays(TASK))
    values = relu(timed.arrays.x)
    positive = [at for at in timed.places if values[at] > 0]
    zero = next(at for at in timed.places if values[at] == 0)
    values[positive[0]] = np.nextafter(np.nextafter(values[positive[0]], np.float32(np.inf)), np.float32(np.inf))
    values[zero] = -0.0
    found = errors(values, TASK, timed)
    assert (found.max_ulp, found.wrong, found.zeros) == (2, 0, 1)
    assert found.at == float(timed.arrays.x[positive[0]]).hex()
    values[positive[1]] = np.nan
    found = errors(values, TASK, timed)
    assert (found.wrong, found.worst) == (1, math.inf)
    assert everywhere.name == "everywhere"


def test_a_zero_for_something_tiny_is_off_by_that_and_not_wrong() -> None:
    task = Task("silu", "forward", "float32", 1 << 15, 1)
    _, everywhere = samples(task, arrays(task))
    with np.errstate(all="ignore"):
        x = everywhere.arrays.x.astype(np.float64)
        values = np.where(np.isneginf(x), -0.0, x / (1 + np.exp(-x))).astype(np.float32)
    assert errors(values, task, everywhere).wrong == 0
    flushed = np.where(np.abs(values) < np.finfo(np.float32).tiny, np.float32(0), values)
    found = errors(flushed, task, everywhere)
    assert found.wrong == 0
    assert 2**22 < found.max_ulp <= 2**23  # everything below the smallest normal number is lost


def test_the_second_sample_has_what_is_rare_in_the_first() -> None:
    timed, everywhere = samples(TASK, arrays(TASK))
    assert len(everywhere.places) == pytest.approx(HARD, rel=0.01)
    x = everywhere.arrays.x[everywhere.places]
    assert np.isnan(x).any()
    assert np.isinf(x).any()
    assert (np.abs(x[np.isfinite(x)]) > 1e30).any()
    assert ((x != 0) & (np.abs(x) < 1e-38)).any()
    assert np.abs(timed.arrays.x[timed.places]).max() < 30
    elsewhere = np.delete(np.arange(TASK.elements), everywhere.places)
    np.testing.assert_array_equal(everywhere.arrays.x[elsewhere], timed.arrays.x[elsewhere])


def test_the_incoming_gradient_is_part_of_a_backward_pass() -> None:
    task = Task("relu", "backward", "float32", 1 << 12, 1)
    given = arrays(task)
    assert given.gradient is not None
    for sample in samples(task, given):
        x = sample.arrays.x
        values = np.where(np.isnan(x), x, np.where(x > 0, given.gradient, np.float32(0) * given.gradient))
        assert errors(values, task, sample).worst == 0
        assert errors(2 * values, task, sample).worst > 1e6
