"""The record is what the measurements say, and says no more."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from entries import ENTRIES

from scripts.record_accuracy import missing
from symact import catalog, load, targets
from symact.kernel import store
from symact.kernel.arithmetic import ARITHMETICS
from symact.oracle.formats import FORMATS, Float64s
from symact.oracle.oracle import Reference
from symact.oracle.samples import gradients, inputs
from symact.targets import accuracy as stated
from symact.verification import accuracy, record
from symact.verification.accuracy import MULTIPLYING, OUTPUTS, Accuracy, Measurement, Subject
from symact.verification.functions import Functions

Judged = tuple[Float64s, Float64s | None, Reference]

GENERATED = Path(__file__).resolve().parents[2] / "generated"
ROWS = record.read(GENERATED / "ACCURACY.json")

#: CuPy kernels are executed in tests/verification/cuda; what they miss stands in the record as it is.
RUNNING = [each for each in ROWS if each["target"] != "cupy"]

FIGURES = Accuracy("float32", "exhaustive", 1 << 32, 0.50003, 0.25, None, 1.0, 0)

#: How much more ULP another compiler's or NumPy's kernels may have than those that were measured: elementary functions
#: differ in float64's last bits, and fused operations round once less.
OTHER_TOOL = {"float16": 0.001, "bfloat16": 0.001, "float32": 0.001, "float64": 0.75}

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


def test_of_two_samples_the_worse_one_stays() -> None:
    """Unless the program or what compiled it is another one."""
    bad, good = (row(replace(FIGURES, method="sampled", inputs=7, max_ulp=size)) for size in (0.7, 0.4))
    failed = row(replace(FIGURES, method="sampled", inputs=7, max_ulp=0.3, failures=1))
    assert record.merged([bad], [good]) == record.merged([good], [bad]) == [bad]
    assert record.merged([bad], [failed]) == [failed]
    for key in ("program", "tool"):
        other = {**bad, key: "another"}
        assert record.merged([other], [good]) == [good]


def test_a_row_of_another_program_is_dropped() -> None:
    compiled = {"tanh": store.compiled(catalog.get("tanh"))}
    assert record.current([row(), {**row(), "program": "another"}], compiled) == [row()]


def test_what_is_written_is_read_again_and_makes_the_table(tmp_path: Path) -> None:
    path = tmp_path / "ACCURACY.json"
    path.write_text(record.to_json([row()]), encoding="utf-8")
    assert record.read(path) == [row()]
    lines = record.to_markdown([row(), {**row(), "pass": "derivative", "max_ulp": 0.25}]).splitlines()
    assert any(line.startswith("| forward | float32 | numpy | accurate | 0.5001 |") for line in lines)
    assert any(line.startswith("| numpy | float32 | accurate | derivative | 0.25 | tanh |") for line in lines)
    assert "## tanh" in lines
    key = ("tanh", "numpy", "float32", "accurate", "forward", row()["program"])
    assert stated.stated(path, *key) == "0.5001 (all 2**32 inputs)"


def test_what_misses_the_goals_is_listed() -> None:
    """1 ULP for NumPy's float32; failures always; no goal for f''."""
    good, bad = row(replace(FIGURES, max_ulp=0.99)), row(replace(FIGURES, max_ulp=1.01))
    failed = row(replace(FIGURES, max_ulp=0.3, failures=1))
    free = {**bad, "pass": "second_derivative"}
    assert record.misses([good, bad, failed, free, {**bad, "level": "fast"}]) == [bad, failed]
    text = record.to_markdown([good, bad])
    assert "| tanh | forward | float32 | numpy | accurate | 1.01 |" in text
    assert "| tanh | forward | float32 | numpy | accurate | 0.99 |" not in text


def test_what_hardware_leaves_open_is_not_held_against_the_goals() -> None:
    """2 ULP for CuPy's float32 with every approximation correctly rounded."""
    good, bad = ({**row(), "target": "cupy", "max_ulp": 7.5, "nominal_ulp": nominal} for nominal in (1.99, 2.01))
    assert record.misses([good, bad]) == [bad]
    assert "| tanh | forward | float32 | cupy | accurate | 7.5 (2.01) |" in record.to_markdown([good, bad])


def test_only_what_is_missing_is_measured() -> None:
    one = Subject("numpy", "float32", "forward")
    known = {**row(), "tool": targets.tool("numpy")}
    assert missing("tanh", [one, one._replace(pass_="derivative")], [known]) == [one._replace(pass_="derivative")]
    for key in ("tool", "program"):
        assert missing("tanh", [one], [{**known, key: "another"}]) == [one]


def test_a_header_does_not_hide_failures(tmp_path: Path) -> None:
    path = tmp_path / "ACCURACY.json"
    path.write_text(record.to_json([row(replace(FIGURES, failures=3))]), encoding="utf-8")
    key = ("tanh", "numpy", "float32", "accurate", "forward", row()["program"])
    expected = "0.5001 (all 2**32 inputs), and 3 wrong NaNs, infinities or signs of 0"
    assert stated.stated(path, *key) == expected


def test_the_checked_in_table_is_that_of_the_checked_in_record() -> None:
    assert (GENERATED / "ACCURACY.json").read_text(encoding="utf-8") == record.to_json(ROWS)
    assert (GENERATED / "ACCURACY.md").read_text(encoding="utf-8") == record.to_markdown(ROWS)


def test_every_row_is_about_a_program_of_today_and_has_no_failure() -> None:
    compiled = {entry.name: store.compiled(entry) for entry in catalog.entries()}
    assert record.current(ROWS, compiled) == ROWS
    assert [each for each in RUNNING if each["failures"] or each["violations"]] == []


def test_every_kernel_that_runs_here_has_its_rows() -> None:
    expected = {
        (name, target.name, type_.dtype, type_.level, pass_)
        for target in targets.available()
        if target.missing is None
        for name, compiled in {entry.name: store.compiled(entry) for entry in catalog.entries()}.items()
        for type_ in targets.get(target.name).types
        if type_.level in compiled.tables or not type_.otherwise
        for pass_ in compiled.signatures
    }
    assert expected - {tuple(each[name] for name in record.KEY) for each in ROWS} == set()


def test_16_bits_are_rounded_right_everywhere() -> None:
    """What is rounded right everywhere is tested bit by bit elsewhere; here, that the record says it."""
    rows = [each for each in RUNNING if each["dtype"] in ("float16", "bfloat16") and each["pass"] not in MULTIPLYING]
    assert [each for each in rows if each["method"] != "all 2**16 inputs" or each["correctly_rounded"] < 1] == []
    assert max(each["max_ulp"] for each in rows) <= 0.5


@lru_cache(maxsize=4)
def functions(name: str, parameters: tuple[tuple[str, float], ...]) -> Functions:
    return Functions(catalog.get(name), dict(parameters))


@lru_cache(maxsize=64)
def fresh(name: str, parameters: tuple[tuple[str, float], ...], dtype: str, order: int, backward: bool) -> Judged:
    """Inputs that the record was not made with, and the exact values there."""
    x = inputs(dtype, 400, seed=77)
    factor = gradients(dtype, len(x), seed=77) if backward else None
    return x, factor, functions(name, parameters).oracles[order].reference(x, dtype, factor)


#: As many as a vector has, and more.
_MANY = 64


@pytest.mark.parametrize("name", ENTRIES)
def test_the_record_is_what_kernels_do(name: str) -> None:
    """Each row's largest error is that at its worst input, bit for bit; no error at other inputs is larger.

    A fresh input may be worse than all of a sample: then measure the row with another --seed too, the worse one stays.
    """
    here = {one.name: one.missing for one in targets.available()}
    for each in (each for each in RUNNING if each["activation"] == name and here[each["target"]] is None):
        format, backward = FORMATS[each["dtype"]], each["pass"] in MULTIPLYING
        kernels = load(catalog.get(name), each["target"], each["dtype"], each["level"])
        position = list(OUTPUTS[each["pass"]]).index(each["output"])
        order = OUTPUTS[each["pass"]][each["output"]]
        call = accuracy.single(kernels, each["pass"], position)
        parameters = tuple(kernels.parameters.items())
        own = each["tool"] == targets.tool(each["target"])
        allowed = each["max_ulp"] + (0 if own else OTHER_TOOL[each["dtype"]])

        worst = {key: np.array([float.fromhex(value)]) for key, value in each["worst"].items()}
        factor = worst.get("gradient") if backward else None
        given = [format.encode(array) for array in (worst["x"], factor) if array is not None]
        reference = functions(name, parameters).oracles[order].reference(worst["x"], format, factor)
        # NumPy may compute a lone number otherwise than one among many.
        got = call(*(np.repeat(array, _MANY) for array in given))[:1]
        (error,) = reference.errors(got)
        assert error <= allowed, each
        if own:
            assert format.decode(got).tobytes() == worst["got"].tobytes(), each
            # Errors at all inputs of float32 are bounds that are up to 2**-13 too large.
            least = each["max_ulp"] - (2.0**-12 if each["method"] == "all 2**32 inputs" else 0)
            assert math.ceil(error * 10_000) / 10_000 >= least, each

        x, factor, reference = fresh(name, parameters, each["dtype"], order, backward)
        errors = reference.errors(call(*(format.encode(array) for array in (x, factor) if array is not None)))
        type_ = targets.get(each["target"]).type(each["dtype"], each["level"])
        if backward and (not ARITHMETICS[type_.arithmetic].is_wide or each["pass"] == "backward_from_output"):
            slope = functions(name, parameters).oracles[1].reference(x, format).rounded
            smallest = np.fmin(np.abs(slope), np.abs(reference.rounded))
            errors = np.where((smallest < format.smallest_normal) & np.isfinite(errors), 0.0, errors)
        assert errors.max() <= allowed, (each, x[np.argmax(errors)].hex())
