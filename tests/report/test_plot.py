"""The picture's data and its formats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from symact import Error, analyze
from symact.report import plot
from symact.symbolic import numeric


def evaluator(formula: str, variable: str) -> Any:
    return numeric.function(formula, variable)


def test_same_input_same_bytes() -> None:
    document = analyze("softsign").to_dict()
    assert plot.draw(document, evaluator, "svg") == plot.draw(document, evaluator, "svg")


@pytest.mark.parametrize("text", ["x", "x**2", "sin(x)", "1/x", "abs(x)**(1/2)*sign(x)", "exp(x)"])
def test_unbounded_oscillating_and_straight_functions_can_be_drawn(text: str) -> None:
    assert plot.draw(analyze(text).to_dict(), evaluator, "png").startswith(b"\x89PNG")


def test_curves_stop_at_a_piece_and_do_not_bridge_a_jump() -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    plot._draw_derivatives(axes, analyze("relu").to_dict(), evaluator)
    left, right = (line for line in axes.lines if line.get_label() == "f'" or line.get_color() == plot._FIRST)
    assert set(left.get_ydata()) == {0.0}
    assert set(right.get_ydata()) == {1.0}
    assert max(left.get_xdata()) < 0 < min(right.get_xdata())


def test_the_leading_term_is_drawn_beside_the_tail_where_they_are_close() -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    plot._draw_tail(axes, analyze("tanh").to_dict(), "+oo", evaluator)
    tail, leading = axes.lines
    assert leading.get_label() == "4·exp(-2t)"
    far = {t: size for t, size in zip(tail.get_xdata(), tail.get_ydata(), strict=True) if t > 5}
    near = dict(zip(leading.get_xdata(), leading.get_ydata(), strict=True))
    assert len(far) > 5
    assert all(near[t] == pytest.approx(size, rel=1e-3) for t, size in far.items())


@pytest.mark.parametrize("name", ["picture", "picture.bmp", "picture.jpg"])
def test_another_suffix_is_refused(name: str) -> None:
    with pytest.raises(Error, match=r"\.png, \.svg, \.pdf"):
        plot.kind(Path(name))


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(Error, match=r"symact\[plot\]"):
        plot.draw(analyze("tanh").to_dict(), evaluator, "png")
