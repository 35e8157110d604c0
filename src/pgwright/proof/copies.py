"""Two copies of a database, `before` and `after`: on an embedded server, or on one that the user names.

The source is read by `pg_dump` only. The copies belong to an ordinary role, as which the fix and all that is measured
runs: a constraint, an index or a trigger may call any function of the source. They are dropped on the way out, also
when the proof is interrupted.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo

from pgwright.database import conninfo, mask, target
from pgwright.embedded import OWNER, EmbeddedServer, Programs, run_server
from pgwright.errors import ProofError
from pgwright.model.not_examined import NotExamined
from pgwright.model.proof import LostRows
from pgwright.proof.administration import connected, create_database, drop_databases
from pgwright.proof.copying import copy_database
from pgwright.sql_files import read_sql

# As a small production server has it, so that a warm table stays warm.
_SERVER_SETTINGS: Mapping[str, str] = {
    "shared_buffers": "1GB",
    "shared_preload_libraries": "pg_stat_statements",
    "max_connections": "50",
    "maintenance_work_mem": "256MB",
    "autovacuum": "off",  # it would run in the middle of a measurement
    "max_wal_size": "8GB",
}
# They count the blocks of each run.
NEEDED_EXTENSIONS = ("pg_stat_statements",)
# A copy takes the database's size twice, and the rewrite of converted tables needs room for a third; one alone, once
# and what is spilled.
_ROOM_FACTOR, _ROOM_FACTOR_OF_ONE = 3, 2
# What a session may spill: enough to sort the whole database, and the disk is not filled by a statement gone wild.
_TEMPORARY_BYTES = 2 << 30
_STRATEGY_SINCE = 150_000
_PARAMETER_RIGHTS_SINCE = 150_000


@dataclass(frozen=True)
class Copies:
    before: str
    """DSN of the copy as the source is."""
    after: str
    """DSN of the copy that gets the fix."""
    not_examined: tuple[NotExamined, ...]
    lost_rows: tuple[LostRows, ...]
    """By tables whose rows did not all arrive."""


@contextmanager
def make_copies(
    dsn: str,
    database_bytes: int,
    *,
    programs: Programs | None = None,
    staging: str | None = None,
    with_after: bool = True,
) -> Iterator[Copies]:
    """Copy a database twice, or once.

    Args:
        dsn: the source, which is only read.
        database_bytes: its size, to see whether the copies fit.
        programs: what the server of our own runs; None: the wheel's.
        staging: a DSN on whose server an ordinary role may create databases; None: a server of our own.
        with_after: False where nothing is applied: `after` is then the copy `before`.
    Raises: ProofError: no room, a role with too many rights, or the copy failed. EmbeddedServerError, ConnectionFailed.
    """
    if staging is not None:
        server = conninfo(staging)
        _require_ordinary(server)
        with _made(_Host(server, server, None), dsn, with_after=with_after) as copies:
            yield copies
        return
    free = shutil.disk_usage(tempfile.gettempdir()).free
    factor = _ROOM_FACTOR if with_after else _ROOM_FACTOR_OF_ONE
    if database_bytes * factor > free:
        raise ProofError(
            f"the database has {database_bytes / 2**30:.1f} GiB and its copies need {factor} times as much, but "
            f"{tempfile.gettempdir()} has {free / 2**30:.1f} GiB free. Set TMPDIR, or name a server with --staging DSN."
        )
    settings = {**_SERVER_SETTINGS, "temp_file_limit": f"{max(_TEMPORARY_BYTES, 2 * database_bytes) // 1024}kB"}
    with run_server(settings=settings, programs=programs, is_confined=True) as embedded:
        _make_owner(embedded)
        owner = make_conninfo(embedded.dsn(), user=OWNER)
        with _made(_Host(embedded.dsn(), owner, embedded), dsn, with_after=with_after) as copies:
            yield copies


@dataclass(frozen=True)
class _Host:
    """Where copies are made."""

    creating: str
    """DSN of the role that makes and drops the databases."""
    owning: str
    """DSN of the role that they belong to."""
    embedded: EmbeddedServer | None
    """None: a server of the user's, where nobody is a superuser for us."""


def _make_owner(server: EmbeddedServer) -> None:
    """Make the owner of the copies, who may take rows out without their children noticing, and write all out."""
    server.require_owner()
    with server.admin() as connection:
        if connection.info.server_version >= _PARAMETER_RIGHTS_SINCE:
            connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}".encode())
            connection.execute(f"GRANT pg_checkpoint TO {OWNER}".encode())


def _require_ordinary(staging: str) -> None:
    """Refuse a role with whose rights functions of the source could leave the copies. Raises ProofError."""
    rights = read_sql("pgwright.proof", "rights").encode()
    with connected(staging) as connection:
        row = connection.execute(rights).fetchone()
    if row is not None and row[1]:
        raise ProofError(
            f"functions of the source would run on {target(staging)} with the rights of {row[0]!r}, which is {row[1]}. "
            "Name a role that may create databases and nothing else: CREATE ROLE copies LOGIN CREATEDB"
        )


@contextmanager
def _made(host: _Host, source: str, *, with_after: bool) -> Iterator[Copies]:
    mark = uuid4().hex[:8]
    names = {part: f"pgwright_{part}_{mark}" for part in (("before", "after") if with_after else ("before",))}
    dsn = {part: make_conninfo(host.owning, dbname=name) for part, name in names.items()}
    oids: list[int] = []
    try:
        empty = _with_owner("CREATE DATABASE {} TEMPLATE template0", host)
        oids.append(create_database(host.creating, empty, names["before"]))
        with ExitStack() as opened:
            catalogs = opened.enter_context(host.embedded.catalog_writer(names["before"])) if host.embedded else None
            copied = copy_database(source, dsn["before"], catalogs)
            if catalogs is not None and catalogs.info.server_version < _PARAMETER_RIGHTS_SINCE:
                catalogs.execute(read_sql("pgwright.proof", "without_triggers").encode())
        settle(dsn["before"])
        if with_after:
            copy = _with_owner(_copy_statement(host.creating), host)
            oids.append(create_database(host.creating, copy, names["after"], names["before"]))
        yield Copies(dsn["before"], dsn.get("after", dsn["before"]), copied.not_examined, copied.lost_rows)
    finally:
        if host.embedded is None:  # else they go with the server
            drop_databases(host.creating, list(names.values()), oids)


def _with_owner(statement: str, host: _Host) -> str:
    return f"{statement} OWNER {OWNER}" if host.embedded else statement


def settle(dsn: str) -> None:
    """Bring a copy to rest: visibility map, statistics, and everything written out.

    Raises: ProofError: an expression that is analyzed, of an index or of statistics, fails for a row.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        try:
            connection.execute("VACUUM (ANALYZE)")
        except psycopg.Error as error:
            raise ProofError(f"the copy cannot be analyzed: {mask(str(error).strip())}") from error
        with suppress(psycopg.errors.InsufficientPrivilege):  # on a server of the user's
            connection.execute("CHECKPOINT")


def _copy_statement(server: str) -> str:
    """Return how a database is copied; the faster way, by files, has to be asked for since PostgreSQL 15."""
    with psycopg.connect(server) as connection:
        asks = connection.info.server_version >= _STRATEGY_SINCE
    return "CREATE DATABASE {} TEMPLATE {}" + (" STRATEGY file_copy" if asks else "")
