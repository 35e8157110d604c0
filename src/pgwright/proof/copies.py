"""Two copies of a database, `before` and `after`: on an embedded server, or on one that the user names.

The source is read by `pg_dump` only. The copies are dropped on the way out, also when the proof is interrupted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgwright.database import conninfo, environment, mask, target
from pgwright.embedded import binaries, run_server
from pgwright.errors import ConnectionFailed, ProofError
from pgwright.model.not_examined import NotExamined

# As a small production server has it, so that a warm table stays warm.
_SERVER_SETTINGS: Mapping[str, str] = {
    "shared_buffers": "1GB",
    "shared_preload_libraries": "pg_stat_statements",
    "max_connections": "50",
    "maintenance_work_mem": "256MB",
    "autovacuum": "off",  # it would run in the middle of a measurement
    "max_wal_size": "8GB",
}
# A copy takes the database's size twice, and the rewrite of converted tables needs room for a third.
_ROOM_FACTOR = 3
# What a session may spill: enough to sort the whole database, and the disk is not filled by a statement gone wild.
_TEMPORARY_BYTES = 2 << 30
_STRATEGY_SINCE = 150_000


@dataclass(frozen=True)
class Copies:
    before: str
    """DSN of the copy as the source is."""
    after: str
    """DSN of the copy that gets the fix."""
    not_examined: tuple[NotExamined, ...]


@contextmanager
def make_copies(dsn: str, database_bytes: int, *, staging: str | None = None) -> Iterator[Copies]:
    """Copy a database twice.

    Args:
        dsn: the source, which is only read.
        database_bytes: its size, to see whether the copies fit.
        staging: a DSN on whose server the role may create databases; None: an embedded server.
    Raises: ProofError: no room, or the copy failed. EmbeddedServerError, ConnectionFailed.
    """
    if staging is not None:
        with _on_server(conninfo(staging), dsn) as copies:
            yield copies
        return
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if database_bytes * _ROOM_FACTOR > free:
        raise ProofError(
            f"the database has {database_bytes / 2**30:.1f} GiB and its copies need {_ROOM_FACTOR} times as much, but "
            f"{tempfile.gettempdir()} has {free / 2**30:.1f} GiB free. Set TMPDIR, or name a server with --staging DSN."
        )
    settings = {**_SERVER_SETTINGS, "temp_file_limit": f"{max(_TEMPORARY_BYTES, 2 * database_bytes) // 1024}kB"}
    with run_server(settings=settings, is_confined=True) as server, _on_server(server.dsn(), dsn) as copies:
        yield copies


@contextmanager
def _on_server(server: str, source: str) -> Iterator[Copies]:
    mark = uuid4().hex[:8]
    names = {part: f"pgwright_{part}_{mark}" for part in ("before", "after")}
    dsn = {part: make_conninfo(server, dbname=name) for part, name in names.items()}
    try:
        _administer(server, "CREATE DATABASE {} TEMPLATE template0", names["before"])
        missing = _copy(source, dsn["before"])
        _cut_off(dsn["before"])
        settle(dsn["before"])
        _administer(server, _copy_statement(server), names["after"], names["before"])
        yield Copies(dsn["before"], dsn["after"], missing)
    finally:
        for name in names.values():
            _administer(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def settle(dsn: str) -> None:
    """Bring a copy to rest: visibility map, statistics, and everything written out."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute("VACUUM (ANALYZE)")
        with suppress(psycopg.errors.InsufficientPrivilege):  # on a server of the user's
            connection.execute("CHECKPOINT")


def _cut_off(dsn: str) -> None:
    """Drop what would let a copy reach another server: statements on foreign tables fail there, and are told."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        mappings = connection.execute("SELECT srvname, usename FROM pg_user_mappings").fetchall()
        for server, user in mappings:
            role = sql.SQL("PUBLIC") if user == "public" else sql.Identifier(user)
            connection.execute(sql.SQL("DROP USER MAPPING FOR {} SERVER {}").format(role, sql.Identifier(server)))
        for (wrapper,) in connection.execute("SELECT fdwname FROM pg_foreign_data_wrapper").fetchall():
            connection.execute(sql.SQL("ALTER FOREIGN DATA WRAPPER {} NO HANDLER").format(sql.Identifier(wrapper)))


def _copy_statement(server: str) -> str:
    """Return how a database is copied; the faster way, by files, has to be asked for since PostgreSQL 15."""
    with psycopg.connect(server) as connection:
        asks = connection.info.server_version >= _STRATEGY_SINCE
    return "CREATE DATABASE {} TEMPLATE {}" + (" STRATEGY file_copy" if asks else "")


def _administer(server: str, statement: str, *names: str) -> None:
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    except psycopg.OperationalError as error:
        raise ConnectionFailed(target(server), mask(str(error).strip()), "Check the staging DSN.") from None
    except psycopg.Error as error:
        raise ProofError(f"could not set up a copy on {target(server)}: {error.diag.message_primary}") from error


def _copy(source: str, copy: str) -> tuple[NotExamined, ...]:
    """Stream the source into an empty database; return what the copy's server could not take."""
    dump = [str(binaries() / "pg_dump"), "--format=custom", "--compress=none", "--no-sync", *_LEAVE_OUT]
    restore = [str(binaries() / "pg_restore"), "--no-owner", "--no-privileges", "--dbname="]
    with (
        subprocess.Popen(dump, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(source)) as reading,
        subprocess.Popen(
            restore, stdin=reading.stdout, stderr=subprocess.PIPE, text=True, env=_environment(copy)
        ) as writing,
    ):
        try:
            assert reading.stdout is not None
            reading.stdout.close()  # so that pg_dump notices when pg_restore ends
            _, complaints = writing.communicate()
            said = reading.stderr.read().decode(errors="replace") if reading.stderr is not None else ""
            failed = reading.wait() != 0
        except BaseException:
            reading.kill()
            writing.kill()
            raise
    if failed:
        reason = mask(_first_line(said)).rstrip(".")
        remedy = next((hint for text, hint in _COPY_HINTS.items() if text in reason), "")
        raise ProofError(f"could not copy {target(source)}: {reason}. {remedy}".rstrip())
    errors = [line.split("error:", 1)[1].strip() for line in complaints.splitlines() if "error:" in line]
    return tuple(NotExamined("an object of the source", f"left out of the copy: {error}", "") for error in errors)


_COPY_HINTS: Mapping[str, str] = {
    "row-level security": "A copy needs all rows: connect as a role with BYPASSRLS.",
    "permission denied": "A copy needs to read every table: GRANT pg_read_all_data, or connect as the owner.",
    "statement timeout": "Another session holds an exclusive lock: prove again when it is through.",
}
_LEAVE_OUT: Sequence[str] = (
    "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions", "--no-security-labels",
    "--no-tablespaces", "--lock-wait-timeout=5000",
)  # fmt: skip


def _environment(dsn: str) -> dict[str, str]:
    return {**environment(dsn), "PGCLIENTENCODING": "UTF8", "LC_ALL": "C", "PATH": os.defpath}


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["pg_dump gave no reason"])[0].removeprefix("pg_dump: error: ")
