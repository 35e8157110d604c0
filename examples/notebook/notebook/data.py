"""Fills the database as two years of use leave it; the same scale and the same end give the same rows.

The rows are made on the server, in order of time. The database is at revision "0001".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql

from notebook.words import SENTENCES, TITLES

Progress = Callable[[str, int, int], None]
"""Called with the table, its rows done and its rows in all."""

# Parents first.
ROWS_AT_SCALE_1 = {
    "users": 2_000,
    "notebooks": 20_000,
    "sources": 60_000,
    "chunks": 300_000,
    "documents": 30_000,
    "conversations": 40_000,
    "messages": 600_000,
    "jobs": 60_000,
    "quizzes": 15_000,
    "study_guides": 12_000,
    "refresh_tokens": 40_000,
    "otps": 20_000,
    "generation_history": 50_000,
}
PENDING_JOBS = 36
_BATCH_ROWS = 50_000
_GENERATE = Path(__file__).parent / "generate"


def row_counts(scale: float = 1.0) -> dict[str, int]:
    """Return the rows of each table at a scale, parents first."""
    return {table: max(1, round(rows * scale)) for table, rows in ROWS_AT_SCALE_1.items()}


def load(
    dsn: str, scale: float = 1.0, progress: Progress | None = None, *, until: datetime | None = None
) -> dict[str, int]:
    """Replace all rows of the app's tables by generated ones.

    Args:
        dsn: the database; the role owns its tables and may reset its statistics.
        scale: 1.0 is about 1.2 million rows.
        progress: told about each batch.
        until: when the two years of data end; None: the last midnight (UTC).
    Returns: The rows of each table.
    """
    counts = row_counts(scale)
    report = progress or (lambda table, done, total: None)
    end = until or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with psycopg.connect(dsn, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        # All or nothing: an interrupted load leaves the database as it was.
        with connection.transaction():
            _fill(connection, counts, end, report)
        _settle(connection)
    return counts


def _fill(connection: psycopg.Connection, counts: dict[str, int], end: datetime, report: Progress) -> None:
    values = {**counts, "pending": min(PENDING_JOBS, counts["jobs"] // 10)}
    tables = sql.SQL(", ").join(map(sql.Identifier, counts))
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    connection.execute("SET LOCAL work_mem = '64MB'")
    connection.execute(_statement("functions"), {"until": end, "sentences": SENTENCES, "titles": TITLES})
    connection.execute(sql.SQL("TRUNCATE {}").format(tables))
    constraints = _take_constraints(connection, list(counts))
    for table, rows in counts.items():
        if table == "chunks":
            connection.execute(_statement("chunk_plan"), values)
        for first in range(0, rows, _BATCH_ROWS):
            last = min(first + _BATCH_ROWS, rows) - 1
            connection.execute(_statement(table), {**values, "first": first, "last": last})
            report(table, last + 1, rows)
    for constraint in constraints:
        connection.execute(constraint)


def _settle(connection: psycopg.Connection) -> None:
    """Leave the database vacuumed and analyzed, with counters that start now: the load is no part of the workload."""
    if connection.info.server_version >= 150_000:
        connection.execute("SELECT pg_stat_force_next_flush()")
    connection.execute("SELECT pg_stat_reset()")
    connection.execute("VACUUM (ANALYZE)")
    if connection.execute("SELECT to_regproc('pg_stat_statements_reset')").fetchone() != (None,):
        connection.execute(_statement("reset_statements"))


def _statement(name: str) -> bytes:
    return (_GENERATE / f"{name}.sql").read_bytes()


def _take_constraints(connection: psycopg.Connection, tables: list[str]) -> list[sql.Composed]:
    """Drop the keys and return what adds them again: checked at the end, all at once, they cost far less."""
    dropped = connection.execute(_statement("constraints"), {"tables": tables}).fetchall()
    for table, name, _ in dropped:
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*map(sql.Identifier, (table, name))))
    return [
        sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
            sql.Identifier(table), sql.Identifier(name), sql.SQL(definition)
        )
        for table, name, definition in reversed(dropped)
    ]


def key(table: str, number: int) -> UUID:
    """Return the id of row `number` of a table, counted from 0 in order of time."""
    return UUID(md5(f"{table}{number}".encode()).hexdigest())


def parent(table: str, number: int, parents: str, counts: dict[str, int]) -> int:
    """Return the number of the row in `parents` that row `number` of `table` belongs to."""
    share = int(md5(f"{table}{number}".encode()).hexdigest()[:8], 16) / 2**32
    return int(max(number / counts[table] * counts[parents] - 1, 0.0) * share**2)


def number_with(children: int, table: str, parents: str, counts: dict[str, int]) -> int:
    """Return the number of a row in `parents` that has about so many children in `table`.

    A row at share x of the time line gets `rows / parents * (1 / sqrt(x) - 1)` children.

    >>> number_with(25, "notebooks", "users", row_counts())
    163
    """
    share = (1 + children * counts[parents] / counts[table]) ** -2
    return min(int(share * counts[parents]), counts[parents] - 1)
