"""The workload as the advisor prices it: each statement with its shape, its sets of values and its plan on the twin."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from pgwright.figures import listing
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import StatementShape
from pgwright.twin.planned import PricedStatement, Unplannable, plan_statement
from pgwright.twin.twin import Twin
from pgwright.workload.reading import named, read_statements, share_of_time, to_plan

_SHOWS_RANGES_SINCE = 17
_MOST_NAMED = 5


@dataclass(frozen=True)
class Workload:
    statements: tuple[PricedStatement, ...]
    writes: tuple[tuple[Statement, StatementShape], ...]
    """Every INSERT, UPDATE and DELETE that could be parsed, whether it could be planned or not."""
    unplanned: tuple[NotExamined, ...]
    unplanned_share: float = 0.0
    """Share of the workload's time in the statements that could not be planned, in [0, 1]."""
    uncounted_share: float = 0.0
    """Share of the time in what has no plan or reads no table: BEGIN, SET, COPY FROM, SELECT 1; in [0, 1]."""
    unanalyzed: tuple[QualifiedName, ...] = ()
    """Tables of the workload that hold rows and were never analyzed, by name."""
    late: tuple[Statement, ...] = ()
    """Those for which there was no time."""
    beyond: tuple[Statement, ...] = ()
    """Those that are not planned, because others take more time and there are very many."""


def workload_limits(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what makes the plans of this snapshot's workload doubtful, in sentences."""
    limits: list[str] = []
    touched = _touched(snapshot)
    if hidden := sorted(_unread_ranges(snapshot, touched)):
        names = listing(hidden, _MOST_NAMED)
        limits.append(
            f"Before PostgreSQL 17 only a superuser may read the statistics of ranges: conditions on {names} are "
            "planned by a guess."
        )
    if missing := unanalyzed(snapshot, touched):
        names = listing([name.short for name in missing], _MOST_NAMED)
        limits.append(f"The server has no statistics of {names}: run ANALYZE first, then ask again.")
    return tuple(limits)


def unanalyzed(snapshot: Snapshot, tables: Iterable[QualifiedName]) -> tuple[QualifiedName, ...]:
    """Return those of some tables, and of their partitions, that hold pages but were never analyzed; by name."""
    wanted = {one for table in tables for one in (table, *snapshot.heirs(table))}
    # A table of a role that may not read it shows no statistics, but its row estimate is there.
    return tuple(
        table.name
        for table in sorted(snapshot.tables, key=lambda table: str(table.name))
        if table.name in wanted
        and table.pages > 0
        and table.row_estimate <= 0
        and table.name not in snapshot.statistics_by_relation
    )


def _unread_ranges(snapshot: Snapshot, tables: Set[QualifiedName]) -> Iterator[str]:
    """Yield the columns of ranges that were analyzed, and of whose values nothing is known."""
    if snapshot.server.major >= _SHOWS_RANGES_SINCE:
        return
    for known in snapshot.statistics:
        table = snapshot.table_by_name.get(known.relation)
        column = table.column_by_name.get(known.column) if table and known.relation in tables else None
        is_unread = known.range_empty_fraction is None and known.null_fraction < 1
        if column is not None and column.base_type.endswith("range") and is_unread:
            yield f"{known.relation.short}.{known.column}"


def _touched(snapshot: Snapshot) -> set[QualifiedName]:
    shapes = (reading.shape for reading in read_statements(snapshot))
    return {name for shape in shapes if shape is not None for name in shape.tables}


def read_workload(snapshot: Snapshot, twin: Twin, *, deadline: float = math.inf) -> Workload:
    """Parse and plan every statement on the user's tables; tell which could not be, with their share of the time.

    Args:
        deadline: a moment of `time.monotonic`; the statements left then are late.
    """
    priced: list[PricedStatement] = []
    writes: list[tuple[Statement, StatementShape]] = []
    unread: list[tuple[Statement, str]] = []
    uncounted: list[Statement] = []
    late: list[Statement] = []
    beyond: list[Statement] = []
    planned = frozenset(map(id, to_plan(snapshot)))
    for reading in read_statements(snapshot):
        statement, shape = reading.statement, reading.shape
        if shape is not None and shape.target is not None:
            writes.append((statement, shape))
        if reading.kind == "unreadable":
            unread.append((statement, reading.reason))
            continue
        if reading.kind == "no plan" or shape is None:
            uncounted.append(statement)
            continue
        if id(reading) not in planned:
            beyond.append(statement)
            continue
        if time.monotonic() > deadline:
            late.append(statement)
            continue
        try:
            found = plan_statement(reading, shape, snapshot, twin)
        except Unplannable as error:
            unread.append((statement, error.reason))
            continue
        if found is not None:
            priced.append(found)
        else:
            uncounted.append(statement)
    touched = {name for one in priced for name in one.tables} | {shape.target for _, shape in writes if shape.target}
    return Workload(
        tuple(priced),
        tuple(writes),
        tuple(NotExamined(named(one, snapshot), reason) for one, reason in unread),
        share_of_time((one for one, _ in unread), snapshot),
        share_of_time(uncounted, snapshot),
        unanalyzed(snapshot, touched),
        tuple(late),
        tuple(beyond),
    )
