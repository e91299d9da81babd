"""The record is what the measurements say, and says no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from symact import catalog, targets
from symact.kernel import store
from symact.targets import accuracy as stated
from symact.verification import accuracy, record
from symact.verification.accuracy import Accuracy, Measurement

GENERATED = Path(__file__).resolve().parents[2] / "generated"
ROWS = record.read(GENERATED / "ACCURACY.json")
FIGURES = Accuracy("float32", "exhaustive", 1 << 32, 0.50003, 0.25, None, 1.0, 0)
FOUND = Measurement("tanh", "numpy", "float32", "forward", "y", {}, FIGURES, ())


def row(figures: Accuracy = FIGURES) -> dict[str, Any]:
    compiled = store.compiled(catalog.get("tanh"))
    return dict(record.row(compiled, [replace(FOUND, accuracy=figures)], date(2001, 2, 3)))


def test_the_largest_error_is_rounded_up() -> None:
    assert row()["max_ulp"] == 0.5001
    assert row()["method"] == "all 2**32 inputs"
    assert row()["date"] == "2001-02-03"
    sampled = row(replace(FIGURES, method="sampled", inputs=7))
    assert sampled["method"] == "7 inputs, sampled"


def test_a_sample_does_not_replace_a_proof_of_the_same_program() -> None:
    proved, sampled = row(), row(replace(FIGURES, method="sampled", inputs=7, max_ulp=0.4))
    assert record.merged([proved], [sampled]) == [proved]
    assert record.merged([sampled], [proved]) == [proved]
    other = {**proved, "program": "another"}
    assert record.merged([other], [sampled]) == [sampled]


def test_a_row_of_another_program_is_dropped() -> None:
    compiled = {"tanh": store.compiled(catalog.get("tanh"))}
    assert record.current([row(), {**row(), "program": "another"}], compiled) == [row()]


def test_what_is_written_is_read_again_and_makes_the_table(tmp_path: Path) -> None:
    path = tmp_path / "ACCURACY.json"
    path.write_text(record.to_json([row()]), encoding="utf-8")
    assert record.read(path) == [row()]
    assert "| tanh | forward | float32 | numpy | 0.5001 |" in record.to_markdown([row()])
    key = ("tanh", "numpy", "float32", "accurate", "forward", row()["program"])
    assert stated.stated(path, *key) == "0.5001 (all 2**32 inputs)"


def test_the_checked_in_table_is_that_of_the_checked_in_record() -> None:
    assert (GENERATED / "ACCURACY.json").read_text(encoding="utf-8") == record.to_json(ROWS)
    assert (GENERATED / "ACCURACY.md").read_text(encoding="utf-8") == record.to_markdown(ROWS)


def test_every_row_is_about_a_program_of_today_and_has_no_failure() -> None:
    compiled = {entry.name: store.compiled(entry) for entry in catalog.entries()}
    assert record.current(ROWS, compiled) == ROWS
    assert [each for each in ROWS if each["failures"] or each["violations"]] == []


@pytest.mark.parametrize("each", ROWS[::10], ids=lambda each: "-".join(each[name] for name in record.KEY))
def test_no_sample_exceeds_what_the_record_states(each: dict[str, Any]) -> None:
    missing = {one.name: one.missing for one in targets.available()}[each["target"]]
    if missing is not None:
        pytest.skip(missing)
    arguments = (each["activation"], each["target"], each["dtype"], each["pass"])
    for found in accuracy.run(*arguments, count=3000, seed=5):
        # A sample of other inputs may be worse than a recorded sample, but not by much.
        slack = 0.002 if each["method"].startswith("all ") else 0.5
        assert found.accuracy.max_ulp <= each["max_ulp"] + slack
        assert found.accuracy.failures == 0
