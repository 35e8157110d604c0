"""The planned part alone, from a snapshot: what the fix would change if its rows were here.

The fix runs on an empty database that has the schema. What comes out (types, indexes, keys) is joined with the sizes
and statistics of the snapshot, and both are planned on twins. No row is needed, and nothing is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
from psycopg import sql

from pgwright.embedded import EmbeddedServer
from pgwright.errors import ProofError
from pgwright.model.index import Index
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.proof import Proof
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import PAGE_BYTES, Table
from pgwright.proof.plans import compare_plans
from pgwright.sizes import estimate_size
from pgwright.twin.restore import restored
from pgwright.twin.servers import choose, run_twin_server
from pgwright.twin.twin import Twin, open_twin
from pgwright.version import VERSION

# Bytes of the types whose width does not depend on the value: what columns are converted to.
_FIXED_WIDTH = {"uuid": 16, "int8": 8, "int4": 4}
# However much narrower the columns get, this much of the heap stays: headers and what else is in a row.
_LEAST_SHARE = 0.1

Apply = Callable[[str], str]
Read = Callable[[str], Snapshot]


def forecast(source: Snapshot, *, apply: Apply, read: Read, server: Path | None = None) -> Proof:
    """Plan the workload of a snapshot before and after a fix.

    Args:
        source: with schema, statistics and workload.
        apply: applies the fix to the database of the DSN it is given and says what it applied.
        read: takes a snapshot of a DSN.
        server: the folder of a PostgreSQL to plan on; None: one of production's major version, if one is found.
    Raises: TwinError, EmbeddedServerError, MigrationError, ProofError.
    """
    choice = choose(source, server)
    with run_twin_server(choice.programs) as running:
        started = time.monotonic()
        applied, migrated = _migrate_empty(source, running, apply, read)
        seconds = time.monotonic() - started
        with open_twin(source, running) as twin:
            after = _joined(source, migrated, twin)
    plans = compare_plans(source, after, choice)
    return Proof(
        server_version=source.server.version,
        planned_on=plans.planned_on,
        pgwright_version=VERSION,
        revision=applied,
        apply_seconds=seconds,
        row_counts={},
        planned=plans.statements,
        statements=(),
        operations=(),
        writes=(),
        bytes_before=source.server.database_bytes,
        bytes_after=source.server.database_bytes + _growth(source, after),
        not_examined=(
            NotExamined(
                "times, results and the price on writes",
                "a snapshot holds no rows, so nothing was measured",
                "give the DSN of the database in place of the file",
            ),
            *plans.missing,
        ),
    )


def _migrate_empty(source: Snapshot, server: EmbeddedServer, apply: Apply, read: Read) -> tuple[str, Snapshot]:
    with restored(source, server, is_whole=True) as (name, _):
        dsn, versions = server.owner_dsn(name), sql.Identifier(source.server.alembic_schema, "alembic_version")
        try:
            with server.owner(name) as owner:
                for revision in source.server.alembic_revisions:
                    owner.execute(sql.SQL("INSERT INTO {} VALUES (%s)").format(versions), (revision,))
        except psycopg.Error as error:
            raise ProofError(
                f"{source.server.alembic_schema}.alembic_version takes no revision: {error.diag.message_primary}"
            ) from error
        return apply(dsn), read(dsn)


def _joined(source: Snapshot, migrated: Snapshot, twin: Twin) -> Snapshot:
    """Return the source as the fix leaves it: new definitions, old sizes and statistics where they still hold."""
    statistics = tuple(_statistics(row, migrated) for row in source.statistics)
    widths = replace(source, tables=migrated.tables, statistics=statistics)
    tables = tuple(_table(table, source, widths) for table in migrated.tables)
    sized = replace(widths, tables=tables)
    indexes = tuple(_index(index, source, sized, twin) for index in migrated.indexes)
    return replace(
        sized, indexes=indexes, foreign_keys=migrated.foreign_keys, schema_sql=migrated.schema_sql, not_examined=()
    )


def _statistics(row: ColumnStatistics, migrated: Snapshot) -> ColumnStatistics:
    table = migrated.table_by_name.get(row.relation)
    column = table.column_by_name.get(row.column) if table else None
    width = _FIXED_WIDTH.get(column.base_type) if column else None
    return replace(row, average_width=width) if width is not None else row


def _table(table: Table, source: Snapshot, widths: Snapshot) -> Table:
    known = source.table_by_name.get(table.name)
    if known is None:
        return table
    share = 1.0
    if known.rows and known.pages:
        per_row = known.pages * PAGE_BYTES / known.rows
        share = max(_LEAST_SHARE, 1 - (_width(table.name, source) - _width(table.name, widths)) / per_row)
    return replace(
        known,
        columns=table.columns,
        primary_key=table.primary_key,
        pages=round(known.pages * share),
        analyzed_pages=round(known.analyzed_pages * share),
        all_visible_pages=round(known.all_visible_pages * share),
    )


def _width(table: QualifiedName, snapshot: Snapshot) -> int:
    return sum(row.average_width for row in snapshot.statistics_by_relation.get(table, ()) if not row.is_inherited)


def _index(index: Index, source: Snapshot, sized: Snapshot, twin: Twin) -> Index:
    known = next((one for one in source.indexes if one.name == index.name), None)
    if known is not None and known.sql == index.sql and not _is_converted(index, source, sized):
        return replace(known, is_valid=index.is_valid)
    if index.table not in source.table_by_name:
        return index
    size = estimate_size(index.definition, sized, twin.rows_of(index.definition))
    return replace(
        index,
        size_bytes=size.size_bytes,
        pages=size.pages,
        analyzed_pages=size.pages,
        row_estimate=size.rows,
        tree_height=size.tree_height if index.definition.method == "btree" else None,
    )


def _is_converted(index: Index, source: Snapshot, sized: Snapshot) -> bool:
    before, after = source.table_by_name[index.table], sized.table_by_name[index.table]
    columns = (*index.definition.columns, *index.definition.include)
    return any(
        before.column_by_name[name].type != after.column_by_name[name].type
        for name in columns
        if name in before.column_by_name
    )


def _growth(source: Snapshot, after: Snapshot) -> int:
    return _sum(after) - _sum(source)


def _sum(snapshot: Snapshot) -> int:
    return sum(table.heap_bytes for table in snapshot.tables) + sum(index.size_bytes for index in snapshot.indexes)
