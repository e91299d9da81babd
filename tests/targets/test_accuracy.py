"""Headers state a measured error only for the very program it was measured on."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from programs import logsig

from symact import catalog, targets
from symact.kernel.arithmetic import WRITTEN
from symact.kernel.program import Builder
from symact.kernel.store import compiled
from symact.targets import accuracy
from symact.targets.table import Operations


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
        "program": accuracy.program(logsig(), "c", "float32", "accurate", "forward"),
        "max_ulp": 0.518,
        "method": "all 2**32 inputs",
    }
    document = tmp_path / "ACCURACY.json"
    document.write_text(json.dumps({"schema": 1, "rows": [row]}))
    text = header(monkeypatch, document)
    assert "f32: 0.518 (all 2**32 inputs)" in text
    assert text.count("not measured") == 5 * 5 - 1  # passes, types
    document.write_text(json.dumps({"schema": 1, "rows": [{**row, "program": "of another day"}]}))
    assert header(monkeypatch, document).count("not measured") == 5 * 5
    assert header(monkeypatch, tmp_path / "none" / "ACCURACY.json").count("not measured") == 5 * 5


def test_nothing_is_stated_of_other_values_of_a_parameter() -> None:
    """Their program is the one that was measured, but not at these values."""
    assert accuracy.is_recorded(compiled(catalog.get("softplus")))
    bent = compiled(catalog.resolve("softplus", {"beta": 3}))
    assert not accuracy.is_recorded(bent)
    assert "inputs" not in targets.generate(bent, "c")["c/softplus.h"]


def fingerprint(operation: str, functions: dict[str, str]) -> str:
    """Of a program that applies an operation which is made from others as `functions` says: erf -> exp."""
    programs = {}
    for name, other in functions.items():
        b = Builder()
        programs[name] = b.kernel(name, ("a",), (), {"y": b(other, b.input("a"))})
    operations = Operations(
        "t", {"exp": {"": "exp({0})"}, "log": {"": "log({0})"}}, {"wide": frozenset(programs)}, "", {}
    )
    b = Builder()
    kernel = b.kernel("forward", ("x",), (), {"y": b(operation, b.input("x"))})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("symact.targets.printer.WRITTEN", {"wide": SimpleNamespace(functions=programs)})
        return accuracy.fingerprint(kernel, operations, "wide")


def test_the_fingerprint_covers_the_functions_that_a_program_calls() -> None:
    assert fingerprint("erf", {"erf": "exp"}) != fingerprint("erf", {"erf": "log"})
    assert fingerprint("erf", {"erf": "bell", "bell": "exp"}) != fingerprint("erf", {"erf": "bell", "bell": "log"})
    assert fingerprint("erf", {"erf": "exp", "gauss": "exp"}) == fingerprint("erf", {"erf": "exp"})


def test_the_fingerprint_covers_the_functions_that_short_programs_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def printed() -> str:
        return accuracy.program(compiled(catalog.get("gelu")), "numpy", "float32", "fast", "forward")

    before = printed()
    quick = WRITTEN["usual_float32"]
    b = Builder()
    other = b.kernel("erfcx", ("a",), (), {"y": b("exp", b.input("a"))})
    changed = SimpleNamespace(functions={**quick.functions, "erfcx": other})
    monkeypatch.setattr("symact.targets.printer.WRITTEN", {**WRITTEN, "usual_float32": changed})
    assert printed() != before
