"""Keys say which interval a number is in."""

from itertools import pairwise

import numpy as np
import pytest

from symact.kernel.arithmetic import TABLE
from symact.kernel.interpret import evaluate
from symact.kernel.piecewise.grid import SIZE, Grid, Quarters, Sides, Uniform, text
from symact.kernel.program import Builder

GRIDS = [
    Uniform(4.0, 0),
    Uniform(1.6640625, -14),
    Uniform(3.0, -11, -1.2784645557403564),
    Quarters(1.0),
    Quarters(0.25),
    Sides(1.25, 12),
]


def places(grid: Grid, u: np.ndarray) -> np.ndarray:
    """Where the program looks for u's entry: in a table that holds its own places."""
    b = Builder()
    table = b.table([str(place) for place in range(SIZE)])
    kernel = b.kernel("forward", ["x"], [], {"y": b("entry", table, grid.key(b, b.input("x")))})
    return evaluate(kernel, {"x": u}, TABLE)["y"]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_a_key_is_the_place_of_the_interval(grid: Grid) -> None:
    intervals = list(grid.intervals())
    assert sorted(interval.place for interval in intervals) == list(range(SIZE))
    for interval in intervals:
        inside = interval.low + (interval.high - interval.low) * np.linspace(1e-3, 1 - 1e-3, 50)
        assert (places(grid, inside.astype(np.float32)) == interval.place).all()


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_intervals_leave_no_gap(grid: Grid) -> None:
    intervals = list(grid.intervals())
    for left, right in pairwise(intervals):
        assert right.low == pytest.approx(left.high, rel=1e-12, abs=1e-12)


def test_no_interval_goes_across_0_where_the_function_has_another_formula_there() -> None:
    grid = Sides(1.25, 12)
    found = places(grid, np.array([1e-30, 0.0, -0.0, -1e-30], np.float32))
    assert found.tolist() == [0, 0, SIZE - 1, SIZE - 1]
    assert all(not interval.low < 0 < interval.high for interval in grid.intervals())


def test_numbers_are_written_so_that_they_come_back() -> None:
    for value in (0.1, 1e-42, 12582912.0, -3.4028234663852886e38, 2.0**-60):
        number = float(np.float32(value))
        assert float(np.float32(float(text(number)))) == number
