"""Files appear whole or not at all; those with values of columns are for their owner alone, from the first byte."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pgwright.files import write_bytes, write_text


@pytest.mark.parametrize(("is_private", "mode"), [(True, 0o600), (False, 0o644)])
def test_the_mode_of_a_file_that_was_wider_too(tmp_path: Path, is_private: bool, mode: int) -> None:
    before = os.umask(0o022)
    try:
        (tmp_path / "wide").write_text("old")
        (tmp_path / "wide").chmod(0o666)
        for name in ("new", "wide"):
            write_text(tmp_path / name, "text", is_private=is_private)
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode
    finally:
        os.umask(before)


def test_no_byte_is_written_before_the_mode_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def look(source: str, target: Path) -> None:
        seen.append(stat.S_IMODE(os.stat(source).st_mode))

    monkeypatch.setattr(os, "replace", look)
    write_bytes(tmp_path / "x", b"values", is_private=True)
    assert seen == [0o600]


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write_bytes(tmp_path / "absent" / "x", b"", is_private=True)
    with pytest.raises(UnicodeEncodeError):
        write_bytes(tmp_path / "x", "\ud800".encode(), is_private=True)
    assert list(tmp_path.iterdir()) == []


def test_hidden_characters_are_spelled_out(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "a\x1b\u202e\n", is_private=False)
    assert (tmp_path / "x").read_text() == "a\\x1b\\u202e\n"
