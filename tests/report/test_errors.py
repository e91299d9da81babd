"""The picture of errors: what is drawn of what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from symact.oracle.formats import FORMATS
from symact.report import errors
from symact.verification.accuracy import Curve, Subject

FORMAT = FORMATS["float32"]


def curve(values: np.ndarray, target: str = "c", pass_: str = "forward", level: str = "accurate") -> Curve:
    return Curve(Subject(target, "float32", pass_, level), "y", np.linspace(-8, 8, len(values)), values)


def test_same_input_same_bytes() -> None:
    curves = [curve(np.full(1000, 0.25))]
    assert errors.draw(curves, "f", FORMAT, "svg") == errors.draw(curves, "f", FORMAT, "svg")
    assert errors.draw(curves, "f", FORMAT, "png").startswith(b"\x89PNG")


def test_one_bad_input_among_many_shows_at_its_place() -> None:
    values = np.full(20_000, 0.25)
    values[5000] = 7.0  # x = -4
    axes = Figure().subplots()
    errors._panel(axes, [curve(values)], lambda x: x, errors.WINDOW)
    steps = axes.patches[-1].get_data()
    assert steps.values.max() == 7.0
    column = int(np.argmax(steps.values))
    assert steps.edges[column] <= -4 <= steps.edges[column + 1]


def test_columns_without_inputs_are_left_empty() -> None:
    axes = Figure().subplots()
    errors._panel(axes, [curve(np.full(9, 0.25))], lambda x: x, errors.WINDOW)
    assert np.isnan(axes.patches[-1].get_data().values).sum() == errors._COLUMNS - 8  # the last one lies on the edge


def test_failures_are_marked_and_do_not_set_the_scale() -> None:
    values = np.full(1000, 0.25)
    values[:10] = np.inf
    axes = Figure().subplots()
    errors._panel(axes, [curve(values)], lambda x: x, errors.WINDOW)
    errors._scale(axes, [curve(values)])
    (marks,) = (drawn for drawn in axes.lines if "wrong NaN" in str(drawn.get_label()))
    assert max(marks.get_xdata()) < -7.5
    assert axes.get_ylim()[1] == pytest.approx(0.6)


@pytest.mark.parametrize("largest", [5.0, 1e3, 1e17])
def test_large_errors_get_a_logarithmic_scale(largest: float) -> None:
    axes = Figure().subplots()
    errors._scale(axes, [curve(np.array([0.25, largest]))])
    assert axes.get_yscale() == "symlog"
    assert axes.get_ylim()[1] > largest
    assert 2 <= len(axes.get_yticks()) <= 8


def test_several_implementations_are_told_apart() -> None:
    svg = errors.draw(
        [curve(np.full(100, 0.25)), curve(np.full(100, 9.0), "torch 2", level="")], "f", FORMAT, "svg"
    ).decode()
    assert "torch 2: largest" in svg
    assert "symact, target c, level accurate: largest" in svg
