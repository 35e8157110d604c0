"""The database that the planted revisions are for: real tables of 200 rows, in a snapshot that says they are large."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from migration_bars.planted_chain import Planting
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.model.table import Table
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

_ROW_BYTES = 100


def plant(database: Database, plantings: Iterable[Planting]) -> Snapshot:
    """Make the tables of the plantings and return a snapshot with their sizes and their workload."""
    ones = tuple(plantings)
    for one in ones:
        database.execute(one.schema)
        if (index := one.of_fault("invalid")) is not None:
            database.execute(f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{index}'::regclass")
    database.execute("ANALYZE")
    snapshot = read_snapshot(database.dsn)
    rows = {one.table: one.rows for one in ones}
    tables = tuple(_sized(table, rows) for table in snapshot.tables)
    statements = tuple(_statement(n, text) for n, text in enumerate(_texts(ones), 1))
    version = next((found for one in ones if (found := one.of_fault("server_version")) is not None), None)
    server = snapshot.server
    if version is not None:
        major, _, minor = version.partition(".")
        server = replace(server, version_number=int(major) * 10_000 + int(minor))
    return replace(snapshot, server=server, tables=tables, statements=statements)


def _texts(plantings: Iterable[Planting]) -> list[str]:
    return [text for one in plantings for text in one.statements]


def _sized(table: Table, rows: dict[str, int]) -> Table:
    owner = next((name for name in rows if table.name.name.startswith(name) or table.name.schema.startswith(name)), "")
    count = rows.get(owner, 0)
    pages = max(1, count * _ROW_BYTES // 8192)
    return replace(
        table,
        row_estimate=float(count),
        live_rows=count,
        pages=pages,
        analyzed_pages=pages,
        total_bytes=pages * 8192,
    )


def _statement(number: int, text: str) -> Statement:
    return Statement(
        query_id=number, text=text, role="app", calls=12_345, total_ms=12_345.0, mean_ms=1.0, max_ms=9.0,
        deviation_ms=0.5, rows=12_345, blocks_hit=49_380, blocks_read=0, temporary_blocks_written=0,
    )  # fmt: skip
