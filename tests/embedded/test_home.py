"""Folders of servers: removed by the run that made them, or by the next one."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgwright.embedded import open_regular, run_server, temporary_home
from pgwright.embedded.home import lock


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of our own, with a short path, for that of a socket may not be long."""
    with tempfile.TemporaryDirectory(prefix="pgw-", dir="/tmp") as name:
        Path(name).chmod(0o777)
        monkeypatch.setattr("tempfile.tempdir", name)
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


def _kill_when_it_says(program: str, word: str) -> None:
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith(word)
        run.send_signal(signal.SIGKILL)


def _wait_for_the_lock(home: Path) -> None:
    """Wait until no process is left that inherited a folder: only then may it go."""
    descriptor = os.open(home, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.close(descriptor)


def test_what_a_killed_run_left_is_removed_by_the_next(folder: Path) -> None:
    _kill_when_it_says(
        "import time\nfrom pgwright.embedded import run_server\n"
        "with run_server(is_confined=True) as server:\n    print('runs', flush=True)\n    time.sleep(600)",
        "runs",
    )
    (left,) = folder.iterdir()
    _wait_for_the_lock(left)
    with temporary_home() as home:
        assert list(folder.iterdir()) == [home]
    assert list(folder.iterdir()) == []


def test_an_initdb_whose_run_was_killed_ends_and_is_cleared_away(folder: Path) -> None:
    _kill_when_it_says(
        "import os\nfrom pgwright.embedded import cluster, run_server\n"
        "start = cluster.Tether.start\n"
        "def told(*arguments, **options):\n"
        "    child = start(*arguments, **options)\n    print('initdb', flush=True)\n    return child\n"
        "cluster.Tether.start = told\n"
        "with run_server():\n    pass",
        "initdb",
    )
    (left,) = folder.iterdir()
    _wait_for_the_lock(left)
    with temporary_home():
        assert not left.exists()


def test_a_folder_in_use_stays(folder: Path) -> None:
    with temporary_home() as first, temporary_home() as second:
        assert first.exists()
        assert second.exists()


def test_a_folder_that_a_program_still_has_stays(folder: Path) -> None:
    home = folder / "pgwright-server-abcd1234"
    home.mkdir()
    with lock(home) as descriptor:
        program = subprocess.Popen(["sleep", "600"], pass_fds=(descriptor,))
    with temporary_home():
        assert home.exists()
    program.kill()
    program.wait()
    with temporary_home():
        assert not home.exists()


@pytest.mark.parametrize(
    "name", ["pgwright-server-abcd1234/notes.txt", "pgwright-notes/data", "pgwright-server-abcd12345/data"]
)
def test_a_folder_that_is_not_provably_a_servers_stays(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    with temporary_home():
        assert (folder / name).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_of_somebody_else_and_a_link_stay(folder: Path) -> None:
    theirs, link, target = (folder / name for name in ("pgwright-server-abcd1234", "pgwright-server-abcd1235", "mine"))
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    (target / "data").mkdir(parents=True)
    link.symlink_to(target)
    with temporary_home():
        assert theirs.exists()
        assert (target / "data").exists()


def test_a_log_that_is_a_link_is_not_written(folder: Path) -> None:
    home, precious = folder / "home", folder / "precious"
    precious.write_text("whole")
    with run_server(home):
        pass
    (home / "log").unlink()
    (home / "log").symlink_to(precious)
    with pytest.raises(OSError, match="symbolic links"), run_server(home):
        pass
    assert precious.read_text() == "whole"


def test_neither_links_nor_pipes_are_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "file").write_text("x")
    (folder / "link").symlink_to(folder / "file")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match=r"regular|symbolic"):
            open_regular(folder / name)
    os.close(open_regular(folder / "file"))


def test_a_folder_that_another_run_removes_at_once_is_made_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[Path] = []
    make = tempfile.mkdtemp

    def make_and_lose(**options: str) -> str:
        made = make(**options)
        if not removed:
            removed.append(Path(made))
            removed[0].rmdir()
        return made

    monkeypatch.setattr("tempfile.mkdtemp", make_and_lose)
    with temporary_home() as home:
        assert home.exists()
        assert home not in removed
