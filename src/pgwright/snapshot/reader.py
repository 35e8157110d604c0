"""Read a whole Snapshot in one transaction; what cannot be read is told, with what would help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from pgwright.database import NEWEST_MAJOR, ReadOnlyDatabase, Row, connect
from pgwright.errors import QueryFailed
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.server import Server
from pgwright.model.snapshot import FORMAT, Snapshot
from pgwright.model.table import Table
from pgwright.snapshot.dependents import read_dependents
from pgwright.snapshot.extended import read_extended_statistics
from pgwright.snapshot.failures import remedy_of
from pgwright.snapshot.grants import Grants
from pgwright.snapshot.hidden import read_hidden, tell_hidden, tell_owner_only
from pgwright.snapshot.indexes import read_foreign_keys, read_indexes
from pgwright.snapshot.materialized_views import read_materialized_views
from pgwright.snapshot.revisions import read_revisions
from pgwright.snapshot.schema import read_schema
from pgwright.snapshot.settings import read_role_settings, read_roles, read_sessions, read_settings
from pgwright.snapshot.statements import StatementsRead, read_statements
from pgwright.snapshot.statistics import read_statistics
from pgwright.snapshot.tables import TABLE_PARTS, read_sequences, read_tables

PACKAGE = "pgwright.snapshot"
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
        server, grants = _read_server(database, reading)
        # Without the tables there is nothing to hang these on.
        tables, name_by_oid = reading.take(
            "tables",
            lambda: read_tables(database, reading.missing),
            _NO_TABLES,
            parts=TABLE_PARTS,
        )
        server = replace(server, database_bytes=sum(table.total_bytes for table in tables))
        indexes = reading.take("indexes", lambda: read_indexes(database, name_by_oid, tables), ())
        foreign_keys = reading.take(
            "foreign_keys", lambda: read_foreign_keys(database, name_by_oid, tables, reading.missing), ()
        )
        dependents = reading.take("dependents", lambda: read_dependents(database, name_by_oid), ())
        sequences = reading.take("sequences", lambda: read_sequences(database, name_by_oid), ())
        statistics = reading.take(
            "statistics", lambda: read_statistics(database, tables, indexes, with_values=with_values), ()
        )
        extended = reading.take(
            "extended_statistics", lambda: read_extended_statistics(database, with_values=with_values), ()
        )
        workload = reading.take(
            "statements", lambda: read_statements(database, server, grants, tables, reading.missing), StatementsRead()
        )
        grants = replace(grants, is_of_app=grants.is_of_app or workload.has_own)
        revisions, schema = read_revisions(database, grants, reading.missing)
        server = replace(server, alembic_revisions=revisions, alembic_schema=schema)
        materialized_views = reading.take(
            "materialized_views",
            lambda: read_materialized_views(database, name_by_oid, grants, reading.missing),
            (),
        )
        if not grants.may_monitor:
            reading.missing.append(
                NotExamined(
                    "what other roles do",
                    f"the role {grants.lacks_monitor}: statements, sessions and replicas of others are hidden",
                    grants.monitor(),
                )
            )
        settings = reading.take("settings", lambda: read_settings(database), ())
        role_settings = reading.take("role_settings", lambda: read_role_settings(database), ())
        roles = reading.take("roles", lambda: read_roles(database), ())
        sessions = reading.take("sessions", lambda: read_sessions(database, grants, reading.missing), ())
        hidden = reading.take("privileges", lambda: read_hidden(database), (), parts=())
        reading.missing.extend(tell_hidden(hidden, grants))
        reading.missing.extend(
            reading.take("owners' privileges", lambda: tuple(tell_owner_only(database, grants)), (), parts=())
        )
        if not with_values:
            reading.missing.append(
                NotExamined("sample values of pg_stats", "left out on request", "take the snapshot without --no-values")
            )
    schema_sql = ""
    if with_schema:
        # After our transaction: pg_dump needs a connection of its own, and a pool may have but one.
        schema_sql = reading.take("schema", lambda: read_schema(database, hidden), "", parts=("schema_sql",))
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
        statements=workload.statements,
        unread_statements=workload.unread,
        observed_seconds=workload.observed_seconds,
        materialized_views=materialized_views,
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
        self._database, self._progress = database, progress

    def take(
        self, part: str, read: Callable[[], T], instead: Instead, *, parts: tuple[str, ...] | None = None
    ) -> T | Instead:
        """Read what becomes a field of the snapshot; `parts` are the fields that fail with it, None for that one."""
        subject = part.replace("_", " ")
        self._progress(f"reading {subject}")
        try:
            return read()
        except QueryFailed as error:
            remedy = remedy_of(error, self._database)
            self.missing.append(NotExamined(subject, str(error), remedy, (part,) if parts is None else parts))
            return instead


def _read_server(database: ReadOnlyDatabase, reading: _Reading) -> tuple[Server, Grants]:
    (row,) = database.read(PACKAGE, "server")
    is_of_app = row.pop("is_of_app")
    may_monitor = row.pop("may_monitor") or row["role_is_superuser"]
    grants = Grants(
        row["role"],
        database.version_number // 10_000,
        row["administrator"],
        is_of_app,
        may_monitor,
        is_monitor=row.pop("is_monitor"),
        schemas=tuple(row.pop("schemas")),
        has_reader=row.pop("has_reader"),
        closed_database=None if row.pop("is_open") else row["database"],
        does_inherit=row.pop("does_inherit"),
    )
    server = Server(
        **_without_nulls(row, extensions=(), available_extensions=(), blocks_hit=0, blocks_read=0),
        version_number=database.version_number,
        database_bytes=0,
        is_pooled=database.is_pooled,
        alembic_revisions=(),
    )
    if server.major > NEWEST_MAJOR:
        reading.missing.append(
            NotExamined(
                f"what is new in PostgreSQL {server.major}",
                f"the newest that this pgwright knows is {NEWEST_MAJOR}: what was read may mean something else there",
                "pip install --upgrade pgwright",
            )
        )
    return server, grants


def _without_nulls(row: Row, **instead: Any) -> Row:
    filled = {key: instead[key] if value is None and key in instead else value for key, value in row.items()}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in filled.items()}
