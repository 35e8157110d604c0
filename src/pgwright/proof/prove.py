"""Prove a fix: copy the database twice, apply the fix to one copy, and compare. The source is only read."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from pgwright.logs import Log
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.progress import Progress, silent
from pgwright.model.proof import (
    FailedOperation,
    MeasuredOperation,
    MeasuredStatement,
    MeasuredWrite,
    Proof,
)
from pgwright.model.snapshot import Snapshot
from pgwright.proof.app import measure_operations
from pgwright.proof.conversions import conversions
from pgwright.proof.copies import NEEDED_EXTENSIONS, Copies, make_copies, settle
from pgwright.proof.operations import Operation
from pgwright.proof.place import measured_on
from pgwright.proof.plans import PlannedWorkload, compare_plans
from pgwright.proof.settings import plan_as
from pgwright.proof.statements import measure_statements
from pgwright.proof.timing import ROUNDS
from pgwright.proof.writes import measure_writes, written_rows
from pgwright.twin.servers import choose
from pgwright.version import VERSION


def prove(
    source: Snapshot,
    dsn: str,
    *,
    apply: Callable[[str], str],
    read: Callable[[str], Snapshot],
    operations: Sequence[Operation] = (),
    staging: str | None = None,
    server: Path | None = None,
    log: Log | None = None,
    rounds: int = ROUNDS,
    progress: Progress = silent,
) -> Proof:
    """Measure what a fix gains and costs.

    Args:
        source: a fresh snapshot of the database at `dsn`.
        apply: applies the fix to the database of the DSN it is given (a copy) and says what it applied.
        read: takes a snapshot of a DSN.
        operations: the app's own, measured beside the workload's statements.
        staging: where the copies are made; None: on a server of our own.
        server: the folder of a PostgreSQL for the copies and the twins; None: one of production's major version, if
            one is found.
        log: the server's, as far as it is of the workload; its values stay out of the proof.
        rounds: counted runs of each statement and operation.
        progress: called with what is being done, how much is done, and of how much.
    Raises: ProofError, EmbeddedServerError, TwinError, MigrationError, ConnectionFailed.
    """
    progress("copy the database", 0, 1)
    began = datetime.now(UTC).isoformat(timespec="seconds")
    choice = choose(source, server, needs=NEEDED_EXTENSIONS)
    with make_copies(dsn, source.server.database_bytes, programs=choice.programs, staging=staging) as copies:
        for copy in (copies.before, copies.after):
            plan_as(copy, source)
        progress("apply the fix", 0, 1)
        started = time.monotonic()
        applied = apply(copies.after)
        seconds = time.monotonic() - started
        settle(copies.after)
        bytes_before, bytes_after = _bytes(copies.before), _bytes(copies.after)
        progress("plan the workload", 0, 1)
        fixed = read(copies.after)
        plans = compare_plans(source, _with_settings_of(fixed, source), choice)
        measured = _measure(copies, source, fixed, plans, operations, log, rounds, progress)
        return Proof(
            server_version=fixed.server.version,
            planned_on=plans.planned_on,
            pgwright_version=VERSION,
            revision=applied,
            apply_seconds=seconds,
            row_counts=_row_counts(copies.before, source),
            planned=plans.statements,
            statements=measured.statements,
            operations=measured.operations,
            writes=measured.writes,
            bytes_before=bytes_before,
            bytes_after=bytes_after,
            not_examined=(*copies.not_examined, *plans.missing, *measured.missing, *(log.missing if log else ())),
            measured_on=measured_on(source, dsn, copies.after, staging, began),
            lost_rows=copies.lost_rows,
            failed_operations=measured.failed,
            observed_seconds=source.observed_seconds,
            log=log.told if log else None,
        )


@dataclass(frozen=True)
class _Measured:
    statements: tuple[MeasuredStatement, ...]
    operations: tuple[MeasuredOperation, ...]
    failed: tuple[FailedOperation, ...]
    writes: tuple[MeasuredWrite, ...]
    missing: tuple[NotExamined, ...]


def _measure(
    copies: Copies,
    source: Snapshot,
    fixed: Snapshot,
    plans: PlannedWorkload,
    operations: Sequence[Operation],
    log: Log | None,
    rounds: int,
    progress: Progress,
) -> _Measured:
    """Measure the workload, the operations and the price on writes, on both copies in turn."""
    both = copies.before, copies.after
    lost = copies.lost_rows
    statements, unmeasured = measure_statements(
        *both, source, plans.priced, lost=lost, log=log, rounds=rounds, progress=progress
    )
    done, failed = measure_operations(
        operations, *both, rounds=rounds, conversions=conversions(source, fixed), progress=progress
    )
    gone = {one.table for one in lost}
    tables = [table for table in changed_tables(source, fixed) if table not in gone]
    writes, unwritten = measure_writes(
        *both, source, tables, written=written_rows(source, statements), rounds=rounds, progress=progress
    )
    return _Measured(statements, done, failed, writes, (*unmeasured, *unwritten))


def changed_tables(before: Snapshot, after: Snapshot) -> tuple[QualifiedName, ...]:
    """Return the tables whose indexes or column types differ, the largest first."""
    changed = [
        table
        for table in before.tables
        if table.name in after.table_by_name
        and (
            _index_set(before, table.name) != _index_set(after, table.name)
            or _types(before, table.name) != _types(after, table.name)
        )
    ]
    return tuple(table.name for table in sorted(changed, key=lambda table: -table.rows))


def _index_set(snapshot: Snapshot, table: QualifiedName) -> frozenset[str]:
    return frozenset(index.sql for index in snapshot.indexes_by_table.get(table, ()))


def _types(snapshot: Snapshot, table: QualifiedName) -> tuple[str, ...]:
    return tuple(column.type for column in snapshot.table_by_name[table].columns)


def _with_settings_of(snapshot: Snapshot, source: Snapshot) -> Snapshot:
    """Plan after with the planner settings of production, not with those of the copy's server."""
    return replace(snapshot, settings=source.settings)


def _row_counts(dsn: str, source: Snapshot) -> dict[str, int]:
    counts = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in source.tables:
            if table.kind in ("table", "materialized view") and table.parent is None:
                name = sql.Identifier(table.name.schema, table.name.name)
                try:
                    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(name)).fetchone()
                except psycopg.Error:  # a materialised view that was never filled, or what the copy could not take
                    continue
                counts[table.name.short] = int(row[0]) if row else 0
    return counts


def _bytes(dsn: str) -> int:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(row[0]) if row else 0
