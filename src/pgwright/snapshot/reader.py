"""Read a whole Snapshot in one transaction; what cannot be read is told, with the GRANT that would help."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from pgwright.database import ReadOnlyDatabase, Row, connect
from pgwright.errors import QueryFailed
from pgwright.figures import listing
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.server import Server
from pgwright.model.snapshot import FORMAT, Snapshot
from pgwright.model.table import Table
from pgwright.snapshot.dependents import read_dependents
from pgwright.snapshot.extended import read_extended_statistics
from pgwright.snapshot.indexes import read_foreign_keys, read_indexes
from pgwright.snapshot.schema import read_schema
from pgwright.snapshot.settings import read_role_settings, read_roles, read_sessions, read_settings
from pgwright.snapshot.statements import read_statements
from pgwright.snapshot.statistics import read_statistics
from pgwright.snapshot.tables import read_sequences, read_tables

PACKAGE = "pgwright.snapshot"
# The role pg_read_all_data came with PostgreSQL 14.
_READ_ALL_SINCE = 140_000
_MOST_NAMED = 5

_NO_TABLES: tuple[tuple[Table, ...], dict[int, QualifiedName]] = ((), {})

T = TypeVar("T")
Instead = TypeVar("Instead")


def read_snapshot(
    dsn: str | None,
    *,
    policy: Policy | None = None,
    with_values: bool = True,
    with_schema: bool = True,
    progress: Progress = silent,
) -> Snapshot:
    """Read everything that the checks, the advisor and the twin need. Writes nothing, reads no rows.

    Args:
        dsn: URL, libpq keywords, or None for DATABASE_URL and PG* variables.
        policy: what the team states; None for the defaults.
        with_values: keep the sample values of `pg_stats`; without them some checks cannot look.
        with_schema: dump the schema too, which the twin needs.
        progress: told of each subject before it is read.
    Raises: NoDatabaseGiven, ConfigError, ConnectionFailed, ServerTooOld.
    """
    with connect(dsn) as database:
        reading = _Reading(database, progress)
        server = _read_server(database, reading)
        # Without the tables there is nothing to hang these on.
        tables, name_by_oid = reading.take(
            "tables",
            lambda: read_tables(database, reading.missing),
            _NO_TABLES,
            parts=("tables", "indexes", "foreign_keys", "dependents", "sequences"),
        )
        indexes = reading.take("indexes", lambda: read_indexes(database, name_by_oid), ())
        foreign_keys = reading.take("foreign_keys", lambda: read_foreign_keys(database, name_by_oid), ())
        dependents = reading.take("dependents", lambda: read_dependents(database, name_by_oid), ())
        sequences = reading.take("sequences", lambda: read_sequences(database, name_by_oid), ())
        statistics = reading.take("statistics", lambda: read_statistics(database, with_values=with_values), ())
        extended = reading.take(
            "extended_statistics", lambda: read_extended_statistics(database, with_values=with_values), ()
        )
        statements = reading.take("statements", lambda: read_statements(database, server, reading.missing), ())
        settings = reading.take("settings", lambda: read_settings(database), ())
        role_settings = reading.take("role_settings", lambda: read_role_settings(database), ())
        roles = reading.take("roles", lambda: read_roles(database), ())
        sessions = reading.take("sessions", lambda: read_sessions(database, reading.missing), ())
        hidden = reading.take("privileges", lambda: database.read(PACKAGE, "privileges"), list[Row](), parts=())
        closed = dict.fromkeys(row["schema"] for row in hidden)
        _tell_hidden(hidden, read_grant(database, server.role, closed), reading.missing)
        if not with_values:
            reading.missing.append(
                NotExamined("sample values of pg_stats", "left out on request", "take the snapshot without --no-values")
            )
    schema_sql = ""
    if with_schema:
        # After our transaction: pg_dump needs a connection of its own, and a pool may have but one.
        schema_sql = reading.take("schema", lambda: read_schema(database.dsn, hidden), "", parts=("schema_sql",))
    return Snapshot(
        format=FORMAT,
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        server=server,
        policy=policy or Policy(),
        tables=tables,
        indexes=indexes,
        foreign_keys=foreign_keys,
        dependents=dependents,
        sequences=sequences,
        statistics=statistics,
        extended_statistics=extended,
        statements=statements,
        settings=settings,
        role_settings=role_settings,
        roles=roles,
        sessions=sessions,
        schema_sql=schema_sql,
        not_examined=tuple(reading.missing),
    )


class _Reading:
    """Takes one subject after the other; a subject that fails is noted, and the reading goes on."""

    def __init__(self, database: ReadOnlyDatabase, progress: Progress) -> None:
        self.missing: list[NotExamined] = []
        self._progress = progress
        (row,) = database.query("SELECT current_user AS role")
        self._grant = f"GRANT pg_monitor TO {quote(row['role'])}; {read_grant(database, row['role'])}"

    def take(
        self, part: str, read: Callable[[], T], instead: Instead, *, parts: tuple[str, ...] | None = None
    ) -> T | Instead:
        """Read what becomes a field of the snapshot; `parts` are the fields that fail with it, None for that one."""
        subject = part.replace("_", " ")
        self._progress(f"reading {subject}")
        try:
            return read()
        except QueryFailed as error:
            remedy = "read again when no long transaction holds a lock" if "timeout" in str(error) else self._grant
            self.missing.append(NotExamined(subject, str(error), remedy, (part,) if parts is None else parts))
            return instead


def _read_server(database: ReadOnlyDatabase, reading: _Reading) -> Server:
    (row,) = database.read(PACKAGE, "server")
    if not row.pop("may_monitor") and not row["role_is_superuser"]:
        reading.missing.append(
            NotExamined(
                "what other roles do",
                "the role is no member of pg_monitor: statements, sessions and replicas of others are hidden",
                f"GRANT pg_monitor TO {quote(row['role'])}",
            )
        )
    size = reading.take("size", lambda: database.read(PACKAGE, "database_size")[0]["database_bytes"], 0, parts=())
    return Server(
        **_without_nulls(row, extensions=(), available_extensions=(), blocks_hit=0, blocks_read=0),
        database_bytes=size,
        is_pooled=database.is_pooled,
        alembic_revisions=_read_revisions(database),
    )


def _without_nulls(row: Row, **instead: Any) -> Row:
    filled = {key: instead[key] if value is None and key in instead else value for key, value in row.items()}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in filled.items()}


def _read_revisions(database: ReadOnlyDatabase) -> tuple[str, ...]:
    found = database.query("SELECT to_regclass('public.alembic_version')::text AS name")
    if found[0]["name"] is None:
        return ()
    try:
        rows = database.query("SELECT version_num AS revision FROM public.alembic_version ORDER BY 1")
    except QueryFailed:
        return ()
    return tuple(row["revision"] for row in rows)


def read_grant(database: ReadOnlyDatabase, role: str, schemas: Iterable[str] = ("public",)) -> str:
    """Return what lets a role read all tables and sequences; `schemas`: which, where the server has no role for all."""
    if database.version_number >= _READ_ALL_SINCE:
        return f"GRANT pg_read_all_data TO {quote(role)}"
    where = f"SCHEMA {', '.join(map(quote, schemas))} TO {quote(role)}"
    rights = ("USAGE ON", "SELECT ON ALL TABLES IN", "SELECT ON ALL SEQUENCES IN")
    return "; ".join(f"GRANT {right} {where}" for right in rights)


def _tell_hidden(hidden: list[Row], grant: str, missing: list[NotExamined]) -> None:
    if not hidden:
        return
    names = [quote(row["schema"]) + (f".{quote(row['name'])}" if row["name"] else "") for row in hidden]
    missing.append(
        NotExamined(
            f"columns' statistics and plans of {listing(names, _MOST_NAMED)}",
            "the role may not read these tables",
            grant,
        )
    )
