"""The cost model says what its figures say, by hand calculation; the record is current; nothing needs a GPU."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from symact import catalog
from symact.cli import main
from symact.errors import Error
from symact.kernel import store
from symact.report import cost as report
from symact.verification import cost
from symact.verification.cost import KernelCost, record
from symact.verification.cost.roofline import Gpu, architectures, bound, gpus

NAMES = catalog.names()
RECORD = Path(__file__).resolve().parents[2] / "generated" / "COST.json"
SCHEMA = json.loads(files("symact.verification.cost").joinpath("cost.schema.json").read_text(encoding="utf-8"))

RATES = {"issue": 128, "float32": 64, "special": 16, "integer": 64}
GPU = Gpu("made up", "sm_90", 100, 1000, 1000, "nowhere", RATES)


def kernel(least: int, **classes: int) -> KernelCost:
    return KernelCost("forward", "sm_90", 20, 0, classes, least, 8)


def test_memory_is_the_limit_where_there_are_few_instructions() -> None:
    """8 bytes at 1e12 a second: 8 ps. 100 multiprocessors at 1 GHz issue 12.8 instructions a ps: 64 take 5 ps."""
    found = bound(kernel(32, float32=20, control=44), GPU)
    assert (found.memory, found.least, found.most) == pytest.approx((8, 2.5, 5))
    assert (found.limit, found.unit) == ("memory", "issue")
    assert found.ratio == pytest.approx(0.625)


def test_the_slowest_unit_is_the_limit_where_it_is_slower_than_the_issue() -> None:
    """20 of 60 instructions at 16 a cycle: 1.25 cycles of 10 ps, and 60/128 cycles to issue all of them."""
    found = bound(kernel(60, special=20, control=40), GPU)
    assert found.most == pytest.approx(12.5)
    assert found.least == pytest.approx(60 / 12.8)
    assert (found.limit, found.unit) == ("either", "special")


def test_instructions_are_the_limit_where_the_shortest_way_takes_longer_than_the_memory() -> None:
    found = bound(kernel(128, control=256), GPU)
    assert (found.least, found.most) == pytest.approx((10, 20))
    assert found.limit == "instructions"
    assert found.to_dict()["ratio"] == 2.5


def test_published_peak_rates_are_those_of_the_figures() -> None:
    """Multiprocessors, clock and rates give the peak float32 rates that NVIDIA states, in TFLOPS (2 for an FMA)."""
    stated = {"T4": 8.1, "A100 40 GB": 19.5, "A100 80 GB SXM": 19.5, "RTX 4090": 82.6, "H100 SXM": 67, "B200": 75}
    assert {gpu.name for gpu in gpus()} == stated.keys()
    for gpu in gpus():
        assert 2 * gpu.rates["float32"] * gpu.cycles / 1e12 == pytest.approx(stated[gpu.name], rel=0.01)
        assert gpu.source


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "missing", lambda: "NVIDIA's compiler is not installed")


@pytest.mark.usefixtures("without_compiler")
def test_the_record_stands_in_for_the_compiler() -> None:
    found = cost.of("logsig", "float32", ["derivative"])
    assert found.recorded
    assert [one.architecture for one in found.kernels] == list(architectures())
    assert all(one.bytes == 8 and one.local == 0 for one in found.kernels)
    with pytest.raises(Error, match=r"custom in float32 is not in the record.*NVIDIA's compiler is not installed"):
        cost.of("x/(2 + abs(x))", "float32", ["forward"])
    with pytest.raises(Error, match="logsig in float32 cannot be compiled: NVIDIA's compiler is not installed"):
        cost.of("logsig", "float32", ["forward"], fresh=True)


def test_a_row_of_another_program_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = store.compiled(catalog.get("tanh"))
    assert record.find(compiled, "float32", ["forward"]) is not None
    monkeypatch.setattr(record, "program", lambda *_: "another")
    assert record.find(compiled, "float32", ["forward"]) is None


def test_wrong_words_are_refused() -> None:
    with pytest.raises(Error, match="tanh has no pass 'sideways'"):
        cost.of("tanh", "float32", ["sideways"])
    with pytest.raises(Error, match="has no dtype 'int8'"):
        cost.of("tanh", "int8")


def test_the_record_has_every_kernel_and_the_table_is_made_of_it() -> None:
    document = json.loads(RECORD.read_text(encoding="utf-8"))
    rows = record.read(RECORD)
    activations = [store.compiled(catalog.get(name)) for name in NAMES]
    dtypes = ("float16", "bfloat16", "float32", "float64")
    wanted = {(one.name, dtype, pass_) for one in activations for dtype in dtypes for pass_ in one.signatures}
    assert {tuple(row[key] for key in record.KEY) for row in rows} == wanted
    assert RECORD.read_text(encoding="utf-8") == record.to_json(rows, document["compiler"])
    assert RECORD.with_suffix(".md").read_text(encoding="utf-8") == record.to_markdown(rows, document["compiler"])
    for one in activations:
        assert record.find(one, "float32", tuple(one.signatures)) is not None


@pytest.mark.parametrize(("number", "dtype"), list(enumerate(("float16", "bfloat16", "float32", "float64"))))
def test_the_record_is_what_the_compiler_makes_today(number: int, dtype: str) -> None:
    """A sample: one activation a dtype on one architecture, all passes."""
    reason = cost.missing()
    if reason is not None:
        pytest.skip(reason)
    compiled = store.compiled(catalog.get(NAMES[(7 * number + 3) % len(NAMES)]))
    architecture = architectures()[number]
    (found,) = cost.compute([compiled], dtype, only=[architecture])
    if found.compiler != json.loads(RECORD.read_text(encoding="utf-8"))["compiler"]:
        pytest.skip(f"the record was made by another compiler than {found.compiler}")
    recorded = record.find(compiled, dtype, tuple(compiled.signatures))
    assert recorded is not None
    assert [one for one in recorded.kernels if one.architecture == architecture] == list(found.kernels)


def document(name: str = "logsig") -> dict[str, Any]:
    return cost.to_dict(cost.of(name))


def test_a_users_own_expression_is_compiled() -> None:
    reason = cost.missing()
    if reason is not None:
        pytest.skip(reason)
    found = cost.of("x/(2 + abs(x))", "float32", ["forward"])
    assert not found.recorded
    softsign = cost.of("softsign", "float32", ["forward"])
    assert [one.architecture for one in found.kernels] == [one.architecture for one in softsign.kernels]
    assert all(30 < one.least <= one.total < 100 for one in found.kernels)


def test_the_document_is_as_its_schema_says() -> None:
    found = document()
    jsonschema.validate(found, SCHEMA)
    assert found["modelled"].endswith("nothing was measured on a GPU")
    for gpu in found["gpus"]:
        assert [one["pass"] for one in gpu["kernels"]] == list(store.compiled(catalog.get("logsig")).signatures)
    for one in found["kernels"]:
        assert sum(one["instructions"]["classes"].values()) == one["instructions"]["most"]


def command(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["symact", *arguments])
    monkeypatch.setenv("COLUMNS", "90")
    with pytest.raises(SystemExit) as exit_:
        main()
    captured = capsys.readouterr()
    return int(exit_.value.code or 0), captured.out, captured.err


@pytest.mark.usefixtures("without_compiler")
def test_the_command_prints_text_json_and_markdown_and_draws(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code, text, _ = command(["cost", "tanh", "--plot", str(tmp_path / "t.svg")], capsys, monkeypatch)
    assert code == 0
    assert "nothing was measured on a GPU" in " ".join(text.split())
    assert "from the record" in text
    assert all(gpu.name in text for gpu in gpus())
    assert "nothing was measured on a GPU" in (tmp_path / "t.svg").read_text(encoding="utf-8")
    code, text, _ = command(["cost", "tanh", "--format", "json", "--pass", "forward"], capsys, monkeypatch)
    jsonschema.validate(json.loads(text), SCHEMA)
    assert {one["pass"] for one in json.loads(text)["kernels"]} == {"forward"}
    code, text, _ = command(["cost", "tanh", "--format", "markdown"], capsys, monkeypatch)
    assert text.startswith("# tanh, target cupy, float32: cost of an element\n")
    assert "nothing was measured on a GPU" in text


def test_a_wrong_target_is_one_sentence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, error = command(["cost", "tanh", "--target", "c"], capsys, monkeypatch)
    assert (code, out) == (2, "")
    assert error == "symact: target c has no cost model (use cupy)\n"


def test_the_picture_is_the_same_for_the_same_figures() -> None:
    assert report.draw(document(), "svg") == report.draw(document(), "svg")


def test_the_picture_has_every_pass_and_every_gpu() -> None:
    found = cost.to_dict(cost.of("softplus"))
    picture = report.draw(found, "svg").decode()
    passes = {one["pass"] for one in found["kernels"]}
    assert "backward_from_output" in passes
    for name in (*passes, *(gpu.name for gpu in gpus())):
        assert f"<!-- {name.replace('_', ' ')} -->" in picture
