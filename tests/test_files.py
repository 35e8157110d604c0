"""Files appear whole or not at all; those with values of columns are for their owner alone, from the first byte."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import nullcontext
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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a pipe to somebody else")
@pytest.mark.parametrize("is_theirs", [False, True])
def test_values_go_to_no_pipe_of_somebody_else(tmp_path: Path, is_theirs: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    if is_theirs:
        os.chown(tmp_path / "pipe", 65534, 65534)
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(PermissionError, match="somebody else") if is_theirs else nullcontext():
            write_bytes(tmp_path / "pipe", b"values", is_private=True)
        assert os.read(reader, 100) == (b"" if is_theirs else b"values")
        write_bytes(tmp_path / "pipe", b"a script", is_private=False)
        assert os.read(reader, 100) == b"a script"
    finally:
        os.close(reader)


def test_values_go_to_our_own_streams_and_to_devices(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from pgwright.files import write_bytes\n"
    program += "for name in sys.argv[1:]: write_bytes(Path(name), b'values', is_private=True)"
    reading, writing = os.pipe()
    if os.geteuid() == 0:
        os.fchown(writing, 65534, 65534)  # as behind sudo
    subprocess.run([sys.executable, "-c", program, "/dev/stdout", "/dev/null"], stdout=writing, check=True)
    assert os.read(reading, 100) == b"values"
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("mode", ["w", "a"])
def test_standard_output_that_goes_into_a_file_is_written_where_it_stands(tmp_path: Path, mode: str) -> None:
    target, link = tmp_path / "report", tmp_path / "stdout"
    target.write_text("before\n")
    link.symlink_to("/dev/stdout")
    program = "import sys; from pathlib import Path; from pgwright.files import write_text\n"
    program += "write_text(Path(sys.argv[1]), 'report\\n', is_private=False)"
    with target.open(mode) as out:
        subprocess.run([sys.executable, "-c", program, str(link)], stdout=out, check=True)
    assert link.is_symlink()
    assert target.read_text() == ("before\nreport\n" if mode == "a" else "report\n")


@pytest.mark.parametrize(("mode", "is_written"), [(0o600, True), (0o644, False)])
def test_values_go_to_standard_output_only_where_no_one_else_reads_it(
    tmp_path: Path, mode: int, is_written: bool
) -> None:
    program = "from pathlib import Path; from pgwright.files import write_text\n"
    program += "write_text(Path('/dev/stdout'), 'values', is_private=True)"
    target = tmp_path / "snapshot"
    target.touch(mode=mode)
    target.chmod(mode)
    with target.open("w") as out:
        ran = subprocess.run([sys.executable, "-c", program], stdout=out, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode == 0, target.read_text()) == (is_written, "values" if is_written else "")
