"""The cache: what it keeps, what it refuses to believe, and what many writers at once do to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import symact
from symact import catalog
from symact.analysis import cache, process

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What workers are asked."""
    questions: list[object] = []
    original = process.run

    def run(task: str, argument: object, seconds: float | None) -> process.Outcome:
        questions.append(argument)
        return original(task, argument, seconds)

    monkeypatch.setattr(process, "run", run)
    return questions


def entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def test_the_second_analysis_asks_nobody_and_is_the_same(folder: Path, asked: list[object]) -> None:
    first = symact.analyze("tanh")
    assert symact.analyze("tanh") == first
    assert len(asked) == len(entries(folder)) == 1


def test_the_limit_of_this_call_is_in_the_document(folder: Path, asked: list[object]) -> None:
    symact.analyze("tanh")
    assert symact.analyze("tanh", timeout=7).budget.seconds == 7
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("softplus", {"beta": 1}), ("softplus", {"beta": 2})),
        (("tanh(k*x)", {"k": 1}), ("tanh(k*x)", {"k": 2})),
        (("tanh(k*x)", {"k": 1}), ("tanh(k*x)", {"k": 0})),
        (("tanh", None), ("tanh(x)", None)),
        (("max(x, 0)", None), ("max(x, 0.0)", None)),
    ],
)
def test_another_question_is_another_entry(folder: Path, asked: list[object], first: tuple, second: tuple) -> None:
    for text, parameters in (first, second):
        symact.analyze(text, parameters)
    assert len(asked) == len(entries(folder)) == 2


def test_values_at_kinks_are_part_of_the_question(folder: Path) -> None:
    relu = catalog.get("relu").define
    for value in ("0", "1"):
        changed = symact.Activation("relu", relu, derivative_at={"0": value})
        assert symact.analyze(changed).smoothness.kinks[0].value == value


def test_code_and_libraries_are_part_of_the_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store("question", "answer")
    assert cache.load("question") == "answer"
    monkeypatch.setattr(cache, "_versions", lambda: "another version")
    assert cache.load("question") is None


def test_every_file_that_decides_an_analysis_is_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    shutil.copytree(ROOT / "symact", tmp_path / "symact", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "symact" / "analysis" / "cache.py"))
    versions = cache._versions.__wrapped__
    before = versions()
    for name in ("grammar.py", "catalog/sigmoids.py", "symbolic/series.py", "analysis/tails.py", "activation.py"):
        with (tmp_path / "symact" / name).open("a") as file:
            file.write("\n")
        assert versions() != before
        before = versions()
    monkeypatch.setattr(cache, "_LIBRARIES", {"sympy": "release.py"})
    assert versions() != before


def test_without_the_cache_nothing_is_read_or_written(folder: Path, asked: list[object]) -> None:
    symact.analyze("tanh", cache=False)
    assert entries(folder) == []
    symact.analyze("tanh")
    symact.analyze("tanh", cache=False)
    assert len(asked) == 3


def test_what_was_stopped_is_not_kept(folder: Path) -> None:
    hostile = "*".join(f"erf(sin({k}*x) + exp(cos(x) + {k}))" for k in range(1, 40))
    assert symact.analyze(hostile, timeout=0.2).budget.unfinished
    assert entries(folder) == []


def test_errors_are_not_kept(folder: Path) -> None:
    with pytest.raises(symact.Error):
        symact.analyze("log(x)")
    assert entries(folder) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(b"exponential", b"power______"),
        lambda text: b"\xff\xfe" + text,
        lambda text: b"{}",
    ],
)
def test_a_damaged_entry_is_ignored_and_written_anew(folder: Path, asked: list[object], damage) -> None:
    first = symact.analyze("tanh")
    (entry,) = entries(folder)
    whole = entry.read_bytes()
    assert damage(whole) != whole
    entry.write_bytes(damage(whole))
    assert symact.analyze("tanh") == first
    assert entry.read_bytes() == whole
    assert len(asked) == 2


def test_entries_are_text(folder: Path) -> None:
    symact.analyze("tanh")
    (entry,) = entries(folder)
    checksum, text = entry.read_text().split("\n")
    assert len(checksum) == 64
    assert json.loads(text)["tails.+oo"]["rate"] == "2"


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "file" / "cache")
    assert symact.analyze("tanh").limits["+oo"] == "1"


def test_writers_and_readers_at_once_never_see_half_an_entry(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time\n"
        "from symact.analysis import cache\n"
        "cache.folder = lambda: pathlib.Path(sys.argv[1])\n"
        "answer = {'text': 'x' * 200_000}\n"
        "end, seen = time.monotonic() + 1.5, 0\n"
        "cache.store('question', answer)\n"
        "while time.monotonic() < end:\n"
        "    cache.store('question', answer)\n"
        "    seen += cache.load('question') == answer or sys.exit('half an entry')\n"
        "print(seen)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(tmp_path)]
    writers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for writer in writers:
        out, error = writer.communicate(timeout=60)
        assert (writer.returncode, error) == (0, "")
        assert int(out) > 3
    assert len(entries(tmp_path)) == 1


def test_the_cached_way_imports_neither_sympy_nor_numpy(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "sys.argv = ['symact', 'analyze', 'logsig']\n"
        "from symact.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'sympy', 'numpy', 'flint', 'jinja2'} & set(sys.modules)))\n"
        "from symact.analysis import process; print(len(process._pool._idle))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(tmp_path)}
    printed = []
    for _ in range(2):
        start = time.monotonic()
        ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        printed.append(ran.stdout.splitlines())
        took = time.monotonic() - start
    assert printed[0][-2:] == ["[]", "1"]
    assert printed[1][-2:] == ["[]", "0"]
    assert printed[0][:-2] == printed[1][:-2]
    assert took < 2  # far more than it takes: this machine may be busy
