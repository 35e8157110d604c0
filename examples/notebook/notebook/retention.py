"""The retention: soft-deleted rows go for good after 90 days, expired tokens and one-time passwords at once.

Run daily: `python -m notebook.retention --database-url postgresql://… [--dry-run]`. Rows go in batches, each in a short
transaction of its own, so that nobody waits for the purge and an interrupted one loses nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Executable, Table, delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from notebook.address import to_url
from notebook.after.models import Base
from pgwright_runtime import create_async_engine

RETENTION_DAYS = 90
BATCH_ROWS = 1_000

Progress = Callable[[str, int], None]
"""Called after each batch with the table and the rows gone from it so far."""


@dataclass(frozen=True)
class Rule:
    """Rows of a table whose time is up."""

    table: Table
    column: str
    """The timestamp that decides."""
    before: datetime

    @property
    def time(self) -> ColumnElement[datetime]:
        return self.table.c[self.column]


def rules(now: datetime, retention_days: int = RETENTION_DAYS) -> Iterator[Rule]:
    """Yield what may go, children before parents, so that no cascade takes more than its batch."""
    cutoff = now - timedelta(days=retention_days)
    for table in reversed(Base.metadata.sorted_tables):
        if "expires_at" in table.c:
            yield Rule(table, "expires_at", now)
        yield Rule(table, "deleted_at", cutoff)


async def purge(
    engine: AsyncEngine,
    *,
    now: datetime | None = None,
    retention_days: int = RETENTION_DAYS,
    batch_rows: int = BATCH_ROWS,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Delete every row whose time is up.

    Args:
        engine: of a database at the head revision.
        now: the moment that counts; None: this one.
        retention_days: how long soft-deleted rows can still come back.
        batch_rows: rows of one transaction.
        progress: told about each batch.
    Returns: The rows deleted from each table; those that a cascade took are not counted.
    """
    gone: dict[str, int] = {}
    for rule in rules(now or datetime.now(UTC), retention_days):
        last: tuple[object, ...] | None = None
        while True:
            async with engine.begin() as connection:
                batch = (await connection.execute(_delete_batch(rule, last, batch_rows))).all()
            if not batch:
                break
            # The next batch starts where this one ended, not at the index's head full of dead entries.
            last = max(tuple(row) for row in batch)
            gone[rule.table.name] = gone.get(rule.table.name, 0) + len(batch)
            if progress is not None:
                progress(rule.table.name, gone[rule.table.name])
    return gone


async def overdue(
    engine: AsyncEngine, *, now: datetime | None = None, retention_days: int = RETENTION_DAYS
) -> dict[str, int]:
    """Return how many rows of each table `purge` would delete."""
    waiting: dict[str, int] = {}
    async with engine.connect() as connection:
        for rule in rules(now or datetime.now(UTC), retention_days):
            query = select(func.count()).select_from(rule.table).where(rule.time < rule.before)
            rows = await connection.scalar(query) or 0
            if rows:
                waiting[rule.table.name] = waiting.get(rule.table.name, 0) + rows
    return waiting


def _delete_batch(rule: Rule, last: tuple[object, ...] | None, batch_rows: int) -> Executable:
    key = rule.table.c.id
    batch = select(key).where(rule.time < rule.before).order_by(rule.time, key).limit(batch_rows)
    if last is not None:
        batch = batch.where(tuple_(rule.time, key) > tuple_(*last))
    # A row that somebody is just restoring is left to the next purge.
    batch = batch.with_for_update(skip_locked=True)
    return delete(rule.table).where(key.in_(batch)).returning(rule.time, key)


async def _main(options: argparse.Namespace) -> int:
    engine = create_async_engine(to_url(options.database_url, "asyncpg"), pool_size=1, application_name="notebook-retention")
    try:
        if options.dry_run:
            rows = await overdue(engine, retention_days=options.days)
        else:
            rows = await purge(engine, retention_days=options.days)
    finally:
        await engine.dispose()
    verb = "would delete" if options.dry_run else "deleted"
    for table, count in rows.items():
        print(f"{verb} {count:,} of {table}")
    print(f"{verb} {sum(rows.values()):,} rows in all")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the purge from the command line."""
    parser = argparse.ArgumentParser(prog="python -m notebook.retention", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    parser.add_argument("--days", type=int, default=RETENTION_DAYS, help="default: %(default)s")
    parser.add_argument("--dry-run", action="store_true", help="count, delete nothing")
    options = parser.parse_args(arguments)
    if not options.database_url:
        parser.error("no database was named. Give --database-url, or set DATABASE_URL.")
    if options.days < 0:
        parser.error(f"--days {options.days} lies in the future")
    return asyncio.run(_main(options))


if __name__ == "__main__":
    sys.exit(main())
