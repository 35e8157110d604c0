"""What a server starts from: its folder, and a cluster in it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pgwright.embedded.home import lock
from pgwright.embedded.programs import Programs, as_user
from pgwright.embedded.tether import Tether, Way
from pgwright.errors import EmbeddedServerError

# sockaddr_un.sun_path with its final zero is 108 bytes on Linux, 104 on macOS and the BSDs.
_SOCKET_BYTES = 107 if sys.platform == "linux" else 103
_BUILTIN_LOCALE_SINCE = 17
_OFFERS_CHECKSUMS_SINCE = 18
_INSTRUCTS_SINCE = 14


@dataclass(frozen=True)
class Launch:
    """What a server is started with."""

    home: Path
    settings: Mapping[str, str]
    programs: Programs
    user: str | None
    """The system user that it runs as when we are root, else None."""
    way: Way
    environment: Mapping[str, str]


def prepare(launch: Launch, *, checksums: bool) -> bool:
    """Give a server its folder, and a cluster where there is none; return whether it is new."""
    home = launch.home
    home.mkdir(parents=True, exist_ok=True)
    if launch.user is not None:
        known = pwd.getpwnam(launch.user)
        os.chown(home, known.pw_uid, known.pw_gid, follow_symlinks=False)
    socket_bytes = len(os.fsencode(home / ".s.PGSQL.5432"))
    if socket_bytes > _SOCKET_BYTES:
        raise EmbeddedServerError(f"the path {str(home)!r} is too long for a Unix socket; set TMPDIR to a shorter one")
    if (home / "data" / "PG_VERSION").exists():
        return False
    _initialise(launch, checksums=checksums)
    return True


def _initialise(launch: Launch, *, checksums: bool) -> None:
    # A half-made cluster of an interrupted run would block initdb.
    shutil.rmtree(launch.home / "data", ignore_errors=True)
    tether = Tether(launch.way, ends_by=signal.SIGKILL)
    with (
        lock(launch.home) as descriptor,
        tether.start(
            _initdb(launch, checksums=checksums),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=launch.home,
            pass_fds=(descriptor,),
            env=launch.environment,
            **as_user(launch.user),
        ) as initdb,
    ):
        try:
            said, _ = initdb.communicate()
        except BaseException:
            initdb.kill()
            raise
    tether.release()
    if initdb.returncode:
        raise EmbeddedServerError(f"initdb failed in {str(launch.home)!r}: {said.decode(errors='replace').strip()}")


def _initdb(launch: Launch, *, checksums: bool) -> list[str]:
    major = launch.programs.major
    command = [
        str(launch.programs.folder / "initdb"),
        f"--pgdata={launch.home / 'data'}",
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    if major >= _BUILTIN_LOCALE_SINCE:
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        command += ["--lc-ctype=C.UTF-8" if sys.platform == "linux" else "--lc-ctype=UTF-8"]
    if major >= _INSTRUCTS_SINCE:
        command += ["--no-instructions"]
    if checksums or major >= _OFFERS_CHECKSUMS_SINCE:
        command += ["--data-checksums" if checksums else "--no-data-checksums"]
    return command
