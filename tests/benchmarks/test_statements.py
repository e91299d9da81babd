"""What the statements about speed say of made-up runs."""

from __future__ import annotations

import pytest
from made_up import case, errors, run

from benchmarks.results import Case
from benchmarks.statements import Finding, check

OURS = {"symact C accurate": 0.5, "symact C fast": 0.9, "symact NumPy accurate": 0.2}
ULPS: dict[str, float] = {"symact C accurate": 0.5, "symact C fast": 3, "symact NumPy accurate": 0.5}


def finding(start: str, *cases: Case) -> Finding:
    """The finding on the statement that begins so."""
    (found,) = (one for one in check(run(*cases)) if one.text.startswith(start))
    return found


def holds(start: str, *cases: Case) -> list[bool]:
    """Whether it holds in each case that it is about."""
    return [verdict.holds for _, verdict in finding(start, *cases).verdicts]


@pytest.mark.parametrize(("share", "expected"), [(0.34, True), (0.32, False)])
def test_accurate_has_to_reach_a_third_of_the_limit(share: float, expected: bool) -> None:
    assert holds("accurate: at least", case({"symact C accurate": share}, {})) == [expected]


def test_less_is_asked_of_gelu_in_float32_only() -> None:
    single = case({"symact C accurate": 0.26}, {}, name="gelu")
    double = case({"symact C accurate": 0.26}, {}, name="gelu", dtype="float64")
    assert holds("accurate: at least", single, double) == [True, False]


def test_statements_out_of_cache_are_not_about_small_arrays_or_two_threads() -> None:
    small = case(OURS, ULPS, elements=1 << 15)
    two = case(OURS, ULPS, threads=2)
    assert holds("accurate: at least", small, two) == []
    assert finding("accurate: at least", small, two).misses == []


def test_accurate_competes_with_accurate_peers_only() -> None:
    inaccurate = case({**OURS, "torch eager": 0.8}, {**ULPS, "torch eager": 1.1})
    accurate = case({**OURS, "torch eager": 0.8}, {**ULPS, "torch eager": 0.9})
    assert holds("accurate: ahead", inaccurate, accurate) == [True, False]
    double = case({**OURS, "torch eager": 0.8}, {**ULPS, "torch eager": 1.9}, dtype="float64")
    assert holds("accurate: ahead", double) == [False]


def test_a_peer_that_fails_elsewhere_still_counts_as_accurate() -> None:
    one = case({**OURS, "torch eager": 0.8}, {**ULPS, "torch eager": errors(0.6, 1e9, wrong=5)})
    assert holds("accurate: ahead", one) == [False]


def test_fast_has_to_lead_by_a_tenth() -> None:
    ahead = case({**OURS, "symact C fast": 0.8, "NumPy": 0.7}, {**ULPS, "NumPy": 50})
    behind = case({**OURS, "symact C fast": 0.8, "NumPy": 0.75}, {**ULPS, "NumPy": 50})
    assert holds("fast: at least 1.1", ahead, behind) == [True, False]
    (_, verdict) = finding("fast: at least 1.1", behind).misses[0]
    assert verdict.figure.startswith("1.07 times NumPy")


def test_beside_a_peer_at_the_limit_only_noise_is_allowed() -> None:
    noisy = case({**OURS, "symact C fast": [0.9, 0.95, 1.0], "NumPy": 0.96}, ULPS, name="relu")
    slower = case({**OURS, "symact C fast": [0.9, 0.91, 0.92], "NumPy": 0.96}, ULPS, name="relu")
    assert holds("fast: at least 1.1", noisy, slower) == [True, False]


def test_the_worst_peer_for_us_is_the_one_that_is_shown() -> None:
    one = case({**OURS, "NumPy": 0.85, "torch eager": 0.88}, {"NumPy": 4, "torch eager": 4})
    assert "torch eager" in finding("fast: at least 1.1", one).misses[0][1].figure


def test_a_level_that_does_not_exist_is_a_miss() -> None:
    one = case({"symact C accurate": 0.5, "NumPy": 0.1}, {})
    (miss,) = finding("fast: at least 0.65", one).misses
    assert miss[1].figure == "there is no symact C fast"
    assert finding("fast: at least 0.65", one, one).lines() == [f"{one.task}; {one.task}: there is no symact C fast"]


def test_tables_are_asked_for_where_a_level_within_1_ulp_is_fastest() -> None:
    loose = case({"symact C accurate": 0.5, "symact C fast": 0.95}, {"symact C fast": 1.2})
    tight = case({"symact C accurate": 0.5, "symact C fast": 0.95}, {"symact C fast": 0.9})
    other = case({"symact C accurate": 0.5}, {}, name="gelu")
    assert holds("a level within 1 ULP", loose, tight, other) == [False, True]


def test_a_peer_between_two_levels_beats_none_and_one_before_both_does() -> None:
    levels = {"symact C accurate": 0.4, "symact C fast": 0.8}
    ulps = {"symact C accurate": 0.6, "symact C fast": 3.0}
    between = case({**levels, "NumPy": 0.7}, {**ulps, "NumPy": 1.0})
    faster = case({**levels, "NumPy": 0.9}, {**ulps, "NumPy": 0.7})
    before = case({**levels, "NumPy": 0.9}, {**ulps, "NumPy": 0.5})
    elsewhere = case({**levels, "NumPy": 0.9}, {**{name: errors(0.1, ulp) for name, ulp in ulps.items()}, "NumPy": 0.5})
    assert holds("no peer is both", between, faster, before, elsewhere) == [True, True, False, False]


def test_two_threads_are_compared_with_one_of_the_same_task() -> None:
    one, two = case({"symact C accurate": 0.5}, {}), case({"symact C accurate": 0.7}, {}, threads=2)
    assert holds("accurate: with 2 threads", one, two) == [True]
    assert holds("accurate: with 2 threads", case({"symact C accurate": 0.8}, {}), two) == [False]
    assert holds("accurate: with 2 threads", two) == []


def test_numpy_is_compared_with_the_textbook() -> None:
    out = case({"symact NumPy accurate": 0.2, "NumPy": 0.21}, {})
    assert holds("NumPy accurate", out) == [False]
    assert holds("NumPy accurate", case({"symact NumPy accurate": 0.2}, {})) == []
