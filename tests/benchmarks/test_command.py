"""The command from end to end, with little to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import measuring
from benchmarks.systems.textbook_numpy import TextbookNumPy
from benchmarks.tasks import Task

pytest.importorskip("matplotlib")
needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")

#: Taken before any test runs.
BEFORE = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

LITTLE = ["relu", "--system", "symact", "--system", "NumPy", "--size", "2^12", "--dtype", "float32", "--threads", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run of two passes."""
    out = tmp_path_factory.mktemp("run")
    passes = ["--pass", "forward", "--pass", "backward"]
    assert command.main([*LITTLE, *passes, "--rounds", "2", "--out", str(out)]) == 0
    return out


@needs_compiler
def test_a_run_writes_figures_text_and_a_picture_for_each_pass(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "benchmarks.json",
        "benchmarks.md",
        "benchmarks-forward.svg",
        "benchmarks-backward.svg",
    }
    document = json.loads((folder / "benchmarks.json").read_text())
    assert [(case["name"], case["pass"], case["elements"]) for case in document["cases"]] == [
        ("relu", "forward", 4096),
        ("relu", "backward", 4096),
    ]
    for case in document["cases"]:
        assert set(case["systems"]) == set(document["systems"])
        for name in ("symact C accurate", "symact NumPy accurate", "NumPy"):
            system = case["systems"][name]
            assert len(system["seconds"]) == 2
            assert all(seconds > 0 for seconds in system["seconds"])
            assert system["errors"]["timed"]["max_ulp"] == 0
            assert system["errors"]["timed"]["inputs"] == 4096
    assert str(folder) not in (folder / "benchmarks.md").read_text()


@needs_compiler
def test_results_are_read_again_and_checked(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = ["--from", str(folder / "benchmarks.json"), "--out", str(tmp_path)]
    assert command.main(source) == 0
    for name in ("benchmarks.json", "benchmarks.md"):
        assert (tmp_path / name).read_text() == (folder / name).read_text()
    document = json.loads((folder / "benchmarks.json").read_text())
    document["settings"]["cache"] = 16  # so that 4096 elements are out of cache
    for case in document["cases"]:
        case["systems"]["symact C accurate"]["seconds"] = [1.0, 1.0]
    (tmp_path / "slow.json").write_text(json.dumps(document))
    assert command.main(["--from", str(tmp_path / "slow.json"), "--out", str(tmp_path), "--check"]) == 1
    printed = capsys.readouterr().out
    assert "accurate: at least 0.33 of the limit" in printed
    assert "relu forward, float32, 2^12 elements, 1 thread" in printed


@needs_compiler
def test_what_is_missing_is_named_and_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(TextbookNumPy, "missing", lambda self: "not installed (pip install numpy)")
    assert command.main([*LITTLE, "--pass", "forward", "--rounds", "1", "--out", str(tmp_path)]) == 0
    assert "missing: NumPy: not installed" in capsys.readouterr().err
    assert "Not measured, because missing here: NumPy." in (tmp_path / "benchmarks.md").read_text()


@needs_compiler
def test_fresh_pages_leave_the_allocator_alone_and_the_document_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments = []

    def started(arguments: list[str], **options: Any) -> Any:
        if "benchmarks.worker" in arguments:
            environments.append(options["env"])
        return started_before(arguments, **options)

    started_before = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", started)
    arguments = ["relu", "--system", "limit", *LITTLE[5:], "--pass", "forward", "--rounds", "1"]
    for more in ([], ["--fresh-pages"]):
        assert command.main([*arguments, *more, "--out", str(tmp_path)]) == 0
    kept, left = (measuring.ALLOCATOR.items() <= environment.items() for environment in environments)
    assert (kept, left) == (measuring.can_keep_pages(), False)
    text = (tmp_path / "benchmarks.md").read_text()
    assert "--fresh-pages" in text
    assert "for which they pay" in text


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nothing_like_this"], "nothing_like_this"),
        (["relu", "--system", "tensorflow"], "tensorflow"),
        (["relu", "--size", "large"], "'large' is no size"),
        (["relu", "--size", "0"], "elements must be at least 1"),
        (["relu", "--rounds", "0"], "0 rounds"),
        (["relu", "--threads", "4096", "--size", "64", "--system", "symact"], "4096 threads"),
        (["--from", "not there.json"], "not there.json"),
    ],
)
def test_a_wrong_input_is_one_sentence(
    arguments: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([*arguments, "--out", str(tmp_path)]) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("error: ")
    assert word in message


def test_a_measuring_process_that_dies_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring.worker, "order", lambda *arguments: "no JSON")
    from symact.errors import Error

    with pytest.raises(Error, match="the measuring process ended"):
        list(measuring.run([Task("relu", "forward", "float32", 64, 1)], [], 1, 0))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be confined here")
def test_the_measuring_process_is_confined_and_this_one_is_not_afterwards() -> None:
    with measuring.confined([min(BEFORE)]):
        code = "import os; print(sorted(os.sched_getaffinity(0)))"
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str([min(BEFORE)])
    assert os.sched_getaffinity(0) == BEFORE
