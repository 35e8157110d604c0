"""Start and stop an embedded server, and the little that it takes to work with one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgwright.embedded.programs import as_user, reachable_binaries, system_user
from pgwright.embedded.tether import Tether, Way
from pgwright.errors import EmbeddedServerError

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
# sockaddr_un.sun_path with its final zero is 108 bytes on Linux, 104 on macOS and the BSDs.
_SOCKET_BYTES = 107 if sys.platform == "linux" else 103
_STRATEGY_SINCE = 150_000

OWNER = "pgwright_owner"
"""The role that everything of a source belongs to and is planned as. It may do nothing outside its databases."""
_OWNER_RIGHTS = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS"
# A function of the source may never end; nothing that is asked of its owner takes as long as this.
_OWNER_LIMITS = "-c statement_timeout=30s -c lock_timeout=10s -c jit=off"
# It may catch the timeout too, or set it to none: then its session is ended.
_ENDLESS_SECONDS, _LOOK_SECONDS = 300.0, 10.0
_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid = %s AND state = 'active' AND clock_timestamp() - query_start > make_interval(secs => %s)
"""
# Whatever the database's owner has set for it, names mean those of the catalog.
_CATALOG_ONLY = "-c search_path=pg_catalog -c lock_timeout=10s -c role=none"

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
    _tether: Tether

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

    def owner_dsn(self, database: str) -> str:
        """Return libpq keywords for a database as its owner, an ordinary role with limits on what it may take."""
        return make_conninfo(self.dsn(database), user=OWNER, options=_OWNER_LIMITS)

    def url(self, database: str = "postgres", driver: str = "") -> str:
        """Return a URL for a database of this server; `driver` is SQLAlchemy's, as in `asyncpg`."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://postgres@/{database}?host={self.directory}"

    @contextmanager
    def admin(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        """Connect as superuser with autocommit."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            yield connection

    @contextmanager
    def owner(self, database: str) -> Iterator[psycopg.Connection]:
        """Connect as the owner with autocommit: the role for all that makes the server evaluate text of a source."""
        with psycopg.connect(self.owner_dsn(database), autocommit=True, prepare_threshold=None) as connection:
            ended = Event()
            watch = Thread(target=self._watch, args=(connection.info.backend_pid, ended), daemon=True)
            watch.start()
            try:
                yield connection
            finally:
                ended.set()
                watch.join()

    def _watch(self, pid: int, ended: Event) -> None:
        """End a session that is at one statement for too long."""
        while not ended.wait(_LOOK_SECONDS):
            with suppress(psycopg.Error), self.admin() as connection:
                connection.execute(_END, (pid, _ENDLESS_SECONDS))

    @contextmanager
    def catalog_writer(self, database: str) -> Iterator[psycopg.Connection]:
        """Connect as superuser with autocommit to a database that holds a source's objects.

        For catalogs and files only: no text of the source may be part of a statement, or be evaluated by one.
        """
        dsn = make_conninfo(self.dsn(database), options=_CATALOG_ONLY)
        with psycopg.connect(dsn, autocommit=True, prepare_threshold=None) as connection:
            yield connection

    def require_owner(self) -> None:
        """Make the owner's role, unless the server has it already."""
        with self.admin() as connection, suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            connection.execute(f"CREATE ROLE {OWNER} {_OWNER_RIGHTS}".encode())

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Create a database, as a copy of another one when a template is named."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        with self.admin() as connection:
            if connection.info.server_version >= _STRATEGY_SINCE:
                # A file copy is the faster one for large templates, the log the faster one for empty ones.
                strategy = sql.SQL(" STRATEGY wal_log" if template == "template0" else " STRATEGY file_copy")
                statement += strategy
            connection.execute(statement)

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
        self._tether.release()


@contextmanager
def run_server(
    directory: Path | None = None,
    *,
    settings: Mapping[str, str] | None = None,
    checksums: bool = False,
    programs: Path | None = None,
    way: Way | None = None,
) -> Iterator[EmbeddedServer]:
    """Start an embedded server and stop it on the way out.

    Args:
        directory: where it keeps its data; kept afterwards. None: a temporary one, deleted afterwards.
        settings: server settings, on top of those for a throw-away server.
        checksums: whether a new cluster gets data checksums; the twin writes pages itself and wants none.
        programs: the folder of another PostgreSQL's programs, for a directory that has its cluster already.
        way: how the server learns that we were killed; None: the platform's own way.
    Raises: EmbeddedServerError: it could not be set up or did not start; the message ends with the server's log.
    """
    is_temporary = directory is None
    home = Path(tempfile.mkdtemp(prefix="pgwright-")) if directory is None else directory
    try:
        server = _start(home, settings or {}, checksums=checksums, programs=programs, way=way)
        try:
            yield server
        finally:
            server.stop()
    finally:
        if is_temporary:
            shutil.rmtree(home, ignore_errors=True)


def _start(
    home: Path, settings: Mapping[str, str], *, checksums: bool, programs: Path | None, way: Way | None
) -> EmbeddedServer:
    home.mkdir(parents=True, exist_ok=True)
    user = system_user()
    programs = programs or reachable_binaries(user)
    if user is not None:
        shutil.chown(home, user, user)
    socket_bytes = len(os.fsencode(home / ".s.PGSQL.5432"))
    if socket_bytes > _SOCKET_BYTES:
        raise EmbeddedServerError(f"the path {str(home)!r} is too long for a Unix socket; set TMPDIR to a shorter one")
    if not (home / "data" / "PG_VERSION").exists():
        _initialise(home, programs, user, Tether(way), checksums=checksums)
    merged = {**_SETTINGS, "unix_socket_directories": str(home), **settings}
    arguments = [f"--{name}={value}" for name, value in merged.items()]
    tether = Tether(way)
    with (home / "log").open("ab") as log:
        process = tether.start(
            [str(programs / "postgres"), "-D", str(home / "data"), *arguments],
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us; we stop the server ourselves
            cwd=home,
            env=_environment(),
            **as_user(user),
        )
    server = EmbeddedServer(home, process, programs, user, tether)
    try:
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


def _initialise(home: Path, programs: Path, user: str | None, tether: Tether, *, checksums: bool) -> None:
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
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with tether.start(command, **output, cwd=home, env=_environment(), **as_user(user)) as initdb:
        try:
            said, _ = initdb.communicate()
        except BaseException:
            initdb.kill()
            raise
    tether.release()
    if initdb.returncode:
        raise EmbeddedServerError(f"initdb failed in {str(home)!r}: {said.decode(errors='replace').strip()}")


def _environment() -> dict[str, str]:
    # The cluster says its locale itself. Where the user's is unset, macOS starts a thread to find it out, and the
    # postmaster refuses to run with threads.
    return {**os.environ, "LC_ALL": "C"}


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
