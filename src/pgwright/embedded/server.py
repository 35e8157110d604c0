"""Start and stop an embedded server, and the little that it takes to work with one."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgwright.embedded.cluster import Launch, prepare
from pgwright.embedded.confinement import (
    ROLE_ALONE,
    Confinement,
    bare_environment,
    try_confinement,
    whole_environment,
    why_free,
)
from pgwright.embedded.home import lock, temporary_home
from pgwright.embedded.programs import Programs, as_user, reachable, system_user, wheel_programs
from pgwright.embedded.regular import open_regular
from pgwright.embedded.tether import DEFAULT, Tether, Way
from pgwright.errors import EmbeddedServerError

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_STRATEGY_SINCE = 15
_LOG_BYTES = 4_096

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
    programs: Programs
    """What runs, where the server's user can run it."""
    user: str | None
    """The system user that it runs as when we are root, else None."""
    confinement: str
    """What keeps others' code in its folder: "Landlock, seccomp, namespaces", or those of them that are to be had with
    the reason against the rest, or "role alone" with the reason."""
    _tether: Tether
    _log: int
    """A descriptor: the server could put another file in the log's place."""

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
            if self.programs.major >= _STRATEGY_SINCE:
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
        if self._log >= 0:
            log, self._log = self._log, -1
            os.close(log)


@contextmanager
def run_server(
    directory: Path | None = None,
    *,
    settings: Mapping[str, str] | None = None,
    checksums: bool = False,
    programs: Programs | None = None,
    way: Way | None = None,
    is_confined: bool = False,
) -> Iterator[EmbeddedServer]:
    """Start an embedded server and stop it on the way out.

    Args:
        directory: where it keeps its data; kept afterwards. None: a temporary one, deleted afterwards.
        settings: server settings, on top of those for a throw-away server.
        checksums: whether a new cluster gets data checksums; the twin writes pages itself and wants none.
        programs: another PostgreSQL's, from 13 on; None: the wheel's.
        way: how the server learns that we were killed; None: the platform's own way.
        is_confined: its databases hold what others wrote: keep its process in its folder, as far as the system can.
    Raises: EmbeddedServerError: it could not be set up or did not start; the message ends with the server's log.
    """
    with ExitStack() as stack:
        home = stack.enter_context(temporary_home()) if directory is None else directory
        user = system_user()
        own = reachable(programs or wheel_programs(), user)
        environment = bare_environment() if is_confined else whole_environment()
        launch = Launch(home, settings or {}, own, user, way or DEFAULT, environment)
        is_new = prepare(launch, checksums=checksums)
        server = _start_confined(launch, is_new=is_new) if is_confined else _start(launch, "not confined")
        stack.callback(server.stop)
        yield server


_unconfinable: dict[Path, str] = {}
"""Why the programs in a folder do not run confined on this system."""
# Shared memory is in its folder, and not among that of the user's other programs.
_CONFINED_SETTINGS: Mapping[str, str] = {"dynamic_shared_memory_type": "mmap"}


def _start_confined(launch: Launch, *, is_new: bool) -> EmbeddedServer:
    launch = replace(launch, settings={**_CONFINED_SETTINGS, **launch.settings})
    reason = why_free() or ("" if launch.way == "kernel" else "a shell watches over it")
    if is_new:  # what a cluster ran before must not be started free for the sake of another one
        reason = reason or _unconfinable.get(launch.programs.folder, "")
    if not reason:
        try:
            confinement = Confinement(launch.programs, launch.home, launch.user)
            return _start(launch, "", confinement)
        except EmbeddedServerError as error:
            # What a cluster ran before must not talk us out of confining it.
            is_never_confined = try_confinement(launch.programs).startswith(ROLE_ALONE)
            if not is_new and not is_never_confined:
                raise
            reason = f"confined, it does not start: {str(error).splitlines()[-1]}"
            if is_never_confined:
                _unconfinable[launch.programs.folder] = reason
    return _start(launch, f"{ROLE_ALONE}: {reason}")


def _start(launch: Launch, told: str, confinement: Confinement | None = None) -> EmbeddedServer:
    """Start it in a confinement, which tells what holds, or without one, of which `told` is said."""
    home = launch.home
    merged = {**_SETTINGS, "unix_socket_directories": str(home), **launch.settings}
    arguments = [f"--{name}={value}" for name, value in merged.items()]
    # In a confinement it becomes the user itself, between the steps that root may take and the others.
    options = as_user(launch.user) if confinement is None else {}
    tether = Tether(launch.way)
    log = open_regular(home / "log", os.O_RDWR | os.O_APPEND | os.O_CREAT)
    try:
        with lock(home) as descriptor:
            process = tether.start(
                [str(launch.programs.folder / "postgres"), "-D", str(home / "data"), *arguments],
                prepare=None if confinement is None else confinement.prepare,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we stop the server ourselves
                cwd=home,
                pass_fds=(descriptor,),
                env=launch.environment,
                **options,
            )
    except (OSError, subprocess.SubprocessError) as error:
        os.close(log)
        raise EmbeddedServerError(f"the embedded server in {str(home)!r} could not be run: {error}") from error
    finally:
        told = told if confinement is None else confinement.held()
    server = EmbeddedServer(home, process, launch.programs, launch.user, told, tether, log)
    try:
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


def _wait_until_ready(server: EmbeddedServer) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        with suppress(psycopg.OperationalError), psycopg.connect(server.dsn(), connect_timeout=2):
            return
        time.sleep(0.02)
    raise EmbeddedServerError(
        f"the embedded server in {str(server.directory)!r} did not start. Its log ends:\n" + _end_of_log(server)
    )


def _end_of_log(server: EmbeddedServer) -> str:
    size = os.fstat(server._log).st_size
    end = os.pread(server._log, _LOG_BYTES, max(0, size - _LOG_BYTES))
    return "\n".join(end.decode(errors="replace").strip().splitlines()[-12:])
