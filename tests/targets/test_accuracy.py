"""Headers state a measured error only for the very program it was measured on."""

import json
from pathlib import Path

import pytest
from programs import logsig

from symact import targets
from symact.kernel.functions import FUNCTIONS
from symact.kernel.program import Builder
from symact.targets import accuracy


def header(monkeypatch: pytest.MonkeyPatch, document: Path) -> str:
    monkeypatch.setattr("symact.targets.render.data", lambda name: document.parent)
    accuracy._rows.cache_clear()
    return targets.generate(logsig(), "c")["c/logsig.h"]


def test_a_row_is_stated_for_its_program_and_for_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "activation": "logsig",
        "target": "c",
        "dtype": "float32",
        "level": "accurate",
        "pass": "forward",
        "program": accuracy.fingerprint(logsig().kernels["forward"], {}),
        "max_ulp": 0.518,
        "method": "all 2**32 inputs",
    }
    document = tmp_path / "ACCURACY.json"
    document.write_text(json.dumps({"schema": 1, "rows": [row]}))
    text = header(monkeypatch, document)
    assert "f32: 0.518 (all 2**32 inputs)" in text
    assert text.count("not measured") == 5 * 4 - 1  # passes, dtypes
    document.write_text(json.dumps({"schema": 1, "rows": [{**row, "program": "of another day"}]}))
    assert header(monkeypatch, document).count("not measured") == 5 * 4
    assert header(monkeypatch, tmp_path / "none" / "ACCURACY.json").count("not measured") == 5 * 4


def test_the_fingerprint_covers_the_functions_that_a_program_calls() -> None:
    b = Builder()
    kernel = b.kernel("forward", ("x",), (), {"y": b("erf", b.input("x"))})
    assert accuracy.fingerprint(kernel, {"erf": FUNCTIONS["erf"]}) != accuracy.fingerprint(
        kernel, {"erf": FUNCTIONS["erfc"]}
    )
    assert accuracy.fingerprint(kernel, {"erf": FUNCTIONS["erf"], "gauss": FUNCTIONS["gauss"]}) == (
        accuracy.fingerprint(kernel, {"erf": FUNCTIONS["erf"]})
    )
