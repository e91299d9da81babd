"""Who runs when."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from benchmarks import timing
from benchmarks.timing import interleave, stride


@pytest.fixture(autouse=True)
def _no_repetitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "SHORTEST", 0.0)


def test_every_system_runs_once_a_round_in_changing_order() -> None:
    log: list[str] = []

    def call(name: str) -> Callable[[], None]:
        return lambda: log.append(name)

    names = ["a", "b", "c", "d"]
    found = interleave({name: [call(name)] for name in names}, rounds=8)
    rounds = [log[at : at + 4] for at in range(0, len(log), 4)]
    assert len(rounds) == 1 + 8  # the first tells how long a call takes
    assert all(sorted(one) == names for one in rounds)
    assert len({tuple(one) for one in rounds}) > 2
    assert all(len(seconds) == 8 and None not in seconds for seconds in found.values())


def test_the_calls_of_one_system_run_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=60)  # breaks unless both are inside
    found = interleave({"two": [both.wait, both.wait], "one": [lambda: None]}, rounds=3)
    assert len(found["two"]) == 3


def test_slow_systems_sit_rounds_out_but_run_often_enough() -> None:
    assert stride(0.001, 15) == 1
    assert stride(0.15, 15) == 2
    assert stride(100.0, 15) == 3
    assert stride(100.0, 4) == 1
    rounds = range(15)
    assert sum(number % stride(100.0, 15) == 0 for number in rounds) >= timing.FEWEST


def test_a_system_that_sat_out_has_no_time_in_that_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "stride", lambda seconds, rounds: 2)
    assert [s is None for s in interleave({"a": [lambda: None]}, 5)["a"]] == [False, True, False, True, False]
