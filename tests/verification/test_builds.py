"""Other builds of C's kernels: what is noted of them, and what readers see."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from symact import catalog
from symact.kernel import store
from symact.targets.accuracy import program
from symact.verification import builds, execution, record
from symact.verification.accuracy import Measurement
from symact.verification.beside import Finding
from symact.verification.figures import Accuracy

GENERATED = Path(__file__).resolve().parents[2] / "generated"
WORST = {"x": "0x1.8p+0", "got": "0x1.0p-1", "expected": "0x1.0p-1"}


def finding(level: str, error: float, exact: bool = True) -> Finding:
    accuracy = Accuracy("float32", "exhaustive", 1 << 32, error, None, WORST, 0.9, 0)
    measured = Measurement("tanh", "c", "float32", "forward", "y", {}, accuracy, (), level, tool="clang 99")
    return Finding(measured, 17, exact)


def row(build: int, level: str, error: float, exact: bool = True) -> record.Row:
    compiled = store.compiled(catalog.get("tanh"))
    known = {
        **dict(zip(record.KEY, ("tanh", "c", "float32", "accurate", "forward"), strict=True)),
        "program": program(compiled, "c", "float32", "accurate", "forward"),
        "max_ulp": 0.504,
        "method": "all 2**32 inputs",
    }
    own = builds.BUILDS[build]
    return builds.row(compiled, own, finding(level, error, exact), [known], date(2026, 1, 2))


def test_a_row_says_what_was_built_and_what_the_default_build_has() -> None:
    found = row(1, "accurate", 0.50391, exact=False)
    assert found["build"] == "gcc without FMA"
    assert "-mno-fma" in found["flags"]
    assert (found["max_ulp"], found["default"], found["different"]) == (0.504, 0.504, 17)
    assert (found["exact"], found["worst"], found["tool"], found["date"]) == (False, None, "clang 99", "2026-01-02")
    assert row(1, "fast", 2.5)["default"] is None
    assert row(1, "fast", 2.5)["worst"] == WORST


def test_readers_see_errors_and_how_many_results_are_others() -> None:
    text = builds.to_markdown([row(0, "accurate", 0.5038), row(1, "accurate", 0.504, exact=False), row(1, "fast", 2.5)])
    assert "| activation | pass | default | clang | gcc without FMA |" in text
    assert "| tanh | forward | 0.504 | 0.5038 (17) | at most 0.504 (17) |" in text
    assert "| tanh | forward |  |  | 2.5 |" in text
    assert '`CC=gcc CFLAGS="-march=haswell -mno-fma -DSYMACT_NO_TABLES"`' in text
    assert "breaches of the contract: 0." in text


def test_a_new_row_takes_the_place_of_the_same_kernel_and_build_alone() -> None:
    old = [row(0, "accurate", 0.5), row(1, "accurate", 0.6)]
    assert builds.merged(old, [row(1, "accurate", 0.7)]) == [old[0], row(1, "accurate", 0.7)]


def test_the_builds_are_of_different_names_and_variables() -> None:
    assert len({build.name for build in builds.BUILDS}) == len(builds.BUILDS)
    assert len({build.environment for build in builds.BUILDS}) == len(builds.BUILDS)


def test_what_cannot_be_compiled_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(os.environ)
    compiled = store.compiled(catalog.get("relu"))
    build = builds.Build("own", (("CC", os.environ.get("CC", "cc")), ("CFLAGS", "")))
    offered = [one.level for one in builds.offered(compiled, build, ["accurate", "fast", "table"])]
    assert offered == (["accurate", "fast"] if execution.missing("c") is None else [])  # relu needs no tables
    missing = builds.Build("none", (("CC", "no-such-compiler"), ("CFLAGS", "")))
    assert builds.offered(compiled, missing, ["accurate"]) == []
    assert dict(os.environ) == before


def test_the_table_for_readers_has_what_the_document_has() -> None:
    rows = record.read(GENERATED / "BUILDS.json")
    assert rows
    assert (GENERATED / "BUILDS.md").read_text(encoding="utf-8") == builds.to_markdown(rows)
    # Level fast promises no digit beside a root: on the last number or two there, 0 may have the other sign.
    beside = {("fast", "derivative"): 2}
    assert all(each["failures"] <= beside.get((each["level"], each["pass"]), 0) for each in rows)
    assert not any(each["violations"] for each in rows)
    assert all(each["max_ulp"] <= 0.55 for each in rows if each["level"] == "accurate")
