"""Fills the database as 60 days of use leave it; the same scale and the same end give the same rows.

    python -m chat.data --scale 0.1

The rows are made on the server; half of them have expired. Documents come from `chat.ingest`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import URL

from chat import schema
from chat.address import to_libpq

Progress = Callable[[str, int, int], None]
"""Called with the table, its rows done and its rows in all."""

# Parents first. Each answer has up to three citations more: see generate/.
ROWS_AT_SCALE_1 = {"user_sessions": 50_000, "conversations": 100_000, "messages": 1_000_000}
DERIVED = ("citations",)
_BATCH_ROWS = 100_000
_GENERATE = Path(__file__).parent / "generate"


def row_counts(scale: float = 1.0) -> dict[str, int]:
    """Return the rows of each counted table at a scale, parents first."""
    # An even number: a question and its answer.
    return {table: max(2, round(rows * scale / 2) * 2) for table, rows in ROWS_AT_SCALE_1.items()}


def key(table: str, number: int) -> UUID:
    """Return the key of a table's row, by its number from 0."""
    return UUID(md5(f"{table}{number}".encode(), usedforsecurity=False).hexdigest())


def token(number: int) -> str:
    """Return the token of a visitor, by their number from 0; the last ones' sessions have not expired."""
    return f"visitor{number}"


def prepare(url: str | URL, scale: float = 1.0, revision: str = "head", *, until: datetime | None = None) -> None:
    """Create the schema in an empty database, load it, and bring it to a revision ("0001": as it was)."""
    schema.upgrade(url, "0001")
    load(url, scale, until=until)
    schema.upgrade(url, revision)
    with psycopg.connect(to_libpq(url), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def load(
    url: str | URL, scale: float = 1.0, progress: Progress | None = None, *, until: datetime | None = None
) -> dict[str, int]:
    """Replace all rows but documents by generated ones.

    Args:
        url: the database at revision "0001"; the role owns its tables and may reset its statistics.
        scale: 1.0 is 1,000,000 messages.
        progress: told about each batch.
        until: when the 60 days of data end; None: the last midnight (UTC).
    Returns: The rows of each counted table.
    """
    counts = row_counts(scale)
    end = until or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with psycopg.connect(to_libpq(url), autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        # All or nothing: an interrupted load leaves the database as it was.
        with connection.transaction():
            _fill(connection, {**counts, "until": end}, progress or (lambda table, done, total: None))
        _settle(connection)
    return counts


def _fill(connection: psycopg.Connection, values: dict[str, int | datetime], report: Progress) -> None:
    tables = [*ROWS_AT_SCALE_1, *DERIVED]
    connection.execute(_statement("functions"), values)
    connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(sql.SQL(", ").join(map(sql.Identifier, tables))))
    constraints = _take_constraints(connection, tables)
    for table in ROWS_AT_SCALE_1:
        rows = values[table]
        assert isinstance(rows, int)
        for first in range(0, rows, _BATCH_ROWS):
            last = min(first + _BATCH_ROWS, rows) - 1
            connection.execute(_statement(table), {**values, "first": first, "last": last})
            report(table, last + 1, rows)
    for table in DERIVED:
        rows = connection.execute(_statement(table), values).rowcount
        report(table, rows, rows)
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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m chat.data", description="Create and fill the chat database.")
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 1,000,000 messages")
    parser.add_argument("--revision", default="head", help='where to leave the schema; "0001": as it was')
    given = parser.parse_args(arguments)
    if not given.database_url:
        parser.error("no database was named. Give --database-url, or set DATABASE_URL.")
    if given.scale <= 0:
        parser.error(f"the scale is {given.scale}; it must be above 0")
    prepare(given.database_url, given.scale, given.revision)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
