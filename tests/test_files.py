"""Files are written completely or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from symact.files import write_whole


def test_text_and_bytes_are_written_into_folders_that_are_made(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "text", "≤ 1\n")
    write_whole(tmp_path / "a" / "bytes", b"\x00\xff")
    assert (tmp_path / "a" / "b" / "text").read_bytes() == "≤ 1\n".encode()
    assert (tmp_path / "a" / "bytes").read_bytes() == b"\x00\xff"


def test_what_was_there_stays_and_nothing_is_left_where_writing_ends_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, "after")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert file.read_text() == "before"


def test_others_may_read_it_as_any_new_file(tmp_path: Path) -> None:
    """Temporary files are their owner's alone; what has replaced one is not."""
    (tmp_path / "plain").write_text("")
    write_whole(tmp_path / "written", "")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode
