"""What README.md shows is what symact prints."""

from __future__ import annotations

import doctest
import re
import shlex
import sys
from pathlib import Path

import pytest

from symact.cli import main

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")

#: Each is a command after "$ " and its output; scripts/readme.py writes it.
CONSOLE = re.findall(r"^```console\n\$ symact (.*)\n((?:.*\n)*?)```$", README, flags=re.MULTILINE)
SESSIONS = re.findall(r"^```pycon\n((?:.*\n)*?)```$", README, flags=re.MULTILINE)


def test_there_is_something_to_check() -> None:
    assert len(CONSOLE) >= 3
    assert len(SESSIONS) >= 2


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_console(command: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["symact", *shlex.split(command)])
    with pytest.raises(SystemExit):
        main()
    captured = capsys.readouterr()
    assert captured.out + captured.err == shown


@pytest.mark.parametrize("session", SESSIONS, ids=["load", "python"])
def test_python_sessions(session: str) -> None:
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", None, None)
    report: list[str] = []
    doctest.DocTestRunner().run(test, out=report.append)
    assert report == []
