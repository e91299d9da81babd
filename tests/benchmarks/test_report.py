"""The Markdown and the picture of made-up runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_up import case, errors, run

from benchmarks import picture, report
from benchmarks.results import Run, SystemResult
from benchmarks.statements import check


def written() -> str:
    """The document of a run in which one peer lacks a function, and another is not installed."""
    one = case(
        {"symact C accurate": 0.5, "symact NumPy accurate": 0.05, "NumPy": 0.25},
        {"NumPy": errors(3.25, 2e6, wrong=7)},
    )
    return text(run(replace(one, systems={**one.systems, "torch eager": SystemResult(lacks="it has no tanh")})))


def text(measured: Run) -> str:
    return report.markdown(measured, check(measured), ["benchmarks-forward.svg"])


def test_figures_stand_beside_errors() -> None:
    document = written()
    assert "| tanh | 1.68 | 0.50 (0.50) | 0.05 (0.50) | none | NumPy: 0.25 (3.25) | none |" in document
    assert "| NumPy | 0.419 | 0.250 (0.250 to 0.250) | 1.00 | 3.25 | 2e6, 7 wrong |" in document
    assert "| **symact C accurate** | 0.839 | 0.500 (0.500 to 0.500) | 2.00 | 0.50 | 0.50 |" in document


def test_who_is_missing_or_lacks_the_function_is_named() -> None:
    document = written()
    assert "- torch eager: it has no tanh" in document
    assert "| gone | not installed (pip install gone) | what gone is |" in document
    assert "Not measured, because missing here: gone." in document


def test_statements_that_do_not_hold_stand_with_their_figures() -> None:
    document = written()
    assert "0.65 of the limit (gelu, mish, softplus 0.35), float32, 1 thread, out of cache | 0 of 1 |" in document
    assert "- tanh forward, float32, 2^24 elements, 1 thread: there is no symact C fast" in document
    assert "0.20 times NumPy (0.20 to 0.20), asked: 1.00" in document


def test_the_largest_float32_arrays_on_one_thread_come_first() -> None:
    speeds = {"symact C accurate": 0.5}
    cases = [
        case(speeds, {}, dtype="float64"),
        case(speeds, {}, elements=1 << 15),
        case(speeds, {}, threads=2),
        case(speeds, {}),
    ]
    measured = run(*cases)
    titles = [report.title(measured, one) for one in report.shapes(measured)]
    assert titles == [
        "float32, 2^24 elements (out of cache), 1 thread",
        "float32, 2^15 elements (in cache), 1 thread",
        "float32, 2^24 elements (out of cache), 2 threads",
        "float64, 2^24 elements (out of cache), 1 thread",
    ]
    assert f"## Every system: {titles[0]}" in text(measured)


def test_the_picture_has_a_panel_a_function_and_names_every_system() -> None:
    pytest.importorskip("matplotlib")
    speeds = {"symact C accurate": 0.5, "NumPy": 0.001, "torch eager": 0.7}
    ulps = {"NumPy": 0.0, "torch eager": errors(1e9, 1e9, wrong=1)}
    measured = run(case(speeds, ulps), case(speeds, ulps, name="gelu"))
    drawn = picture.draw(measured, "forward", "svg")
    assert drawn is not None
    for word in ("tanh", "gelu", "symact C accurate", "NumPy", "torch eager", "limit: copy, or product"):
        assert f"<!-- {word} -->" in drawn.decode()
    assert picture.draw(measured, "forward", "svg") == drawn
    assert picture.draw(measured, "backward", "svg") is None
