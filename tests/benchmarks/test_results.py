"""Ratios, errors and the JSON document of made-up runs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from made_up import case, errors, run

from benchmarks import results
from benchmarks.results import SystemResult
from benchmarks.tasks import Task
from symact.errors import Error


def test_ratios_are_taken_round_by_round_so_that_a_slow_round_does_not_count() -> None:
    one = case({"NumPy": 0.25, "torch eager": 0.5}, {})
    assert one.seconds("NumPy").upper > 0.04  # the second round took twice as long
    assert one.of_limit("NumPy").lower == pytest.approx(0.25)
    assert one.of_limit("NumPy").upper == pytest.approx(0.25)
    assert one.ratio("torch eager", "NumPy").median == pytest.approx(2)
    assert one.speed("limit") == pytest.approx((1 << 24) / 0.01 / 1e9)


def test_rounds_in_which_one_of_two_sat_out_do_not_count() -> None:
    one = case({"NumPy": [0.1, None, 0.1], "torch eager": [0.5, 0.9, None]}, {})
    assert one.ratio("torch eager", "NumPy").median == pytest.approx(5)
    never = case({"NumPy": [0.1, None, None], "torch eager": [None, 0.9, None]}, {})
    with pytest.raises(Error, match="same round"):
        never.ratio("torch eager", "NumPy")


def test_quartiles_show_the_spread() -> None:
    spread = case({"NumPy": [0.1, 0.2, 0.3]}, {}).of_limit("NumPy")
    assert (spread.lower, spread.median, spread.upper) == pytest.approx((0.15, 0.2, 0.25))


def test_a_wrong_result_is_an_infinite_error() -> None:
    one = case({"NumPy": 0.5}, {"NumPy": errors(0.6, 2.0, wrong=1)})
    assert one.error("NumPy", "timed") == 0.6
    assert math.isinf(one.error("NumPy", "everywhere"))


def test_peers_are_ordered_by_speed_and_who_took_no_part_is_none() -> None:
    one = case({"NumPy": 0.1, "torch eager": 0.4, "symact C accurate": 0.9}, {})
    lacking = replace(one, systems={**one.systems, "gone": SystemResult(lacks="no tanh")})
    assert run(lacking).peers(lacking) == ["torch eager", "NumPy"]
    assert run(lacking).ours(lacking) == ["symact C accurate"]


def test_peers_beyond_our_frontier_are_those_that_no_level_matches() -> None:
    ulps = {"symact C accurate": 0.5, "symact C fast": 3.0}
    speeds = {"symact C accurate": 0.4, "symact C fast": 0.8}
    between = case({**speeds, "NumPy": 0.6, "torch eager": 0.3}, {**ulps, "NumPy": 1.0, "torch eager": 0.5})
    assert run(between).unmatched(between, "timed") == ["NumPy"]
    behind = case({**speeds, "NumPy": 0.8, "torch eager": 0.4}, {**ulps, "NumPy": 3.0, "torch eager": 0.5})
    assert run(behind).unmatched(behind, "timed") == []


@pytest.mark.parametrize(
    ("elements", "place"), [(1 << 15, "in cache"), (1 << 17, "in cache"), (1 << 18, None), (1 << 20, "out of cache")]
)
def test_a_task_is_in_cache_if_all_its_arrays_fit_and_out_if_they_take_far_more(
    elements: int, place: str | None
) -> None:
    assert run().place(Task("tanh", "forward", "float32", elements, 1)) == place
    assert run().place(Task("tanh", "backward", "float32", 1 << 17, 1)) is None  # a third array


def test_the_json_document_gives_the_same_run_back_and_has_the_ratios(tmp_path: Path) -> None:
    one = case({"NumPy": [0.1, None, 0.2], "symact C accurate": 0.5}, {"NumPy": errors(3, 9, wrong=2)})
    lacking = replace(one, systems={**one.systems, "torch eager": SystemResult(lacks="no tanh")})
    path = tmp_path / "benchmarks.json"
    path.write_text(json.dumps(run(lacking).to_dict()))
    again = results.read(path)
    assert again == run(lacking)
    (document,) = json.loads(path.read_text())["cases"]
    assert document["best_peer"] == "NumPy"
    assert document["systems"]["symact C accurate"]["of_limit"]["median"] == pytest.approx(0.5)
    assert document["systems"]["torch eager"] == {"lacks": "no tanh"}
    assert [file.name for file in tmp_path.iterdir()] == ["benchmarks.json"]


def test_a_file_that_holds_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(Error, match=r"gone\.json"):
        results.read(tmp_path / "gone.json")
    (tmp_path / "other.json").write_text('{"schema": 99}')
    with pytest.raises(Error, match="no result"):
        results.read(tmp_path / "other.json")
