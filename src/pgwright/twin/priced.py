"""The workload as the advisor prices it: each statement with its shape, its sets of values and its plan on the twin."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import psycopg

from pgwright.errors import UnparsableStatement
from pgwright.figures import listing
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import Schema, StatementShape, is_cut_off, read_shape
from pgwright.twin.plans import nodes
from pgwright.twin.twin import Twin
from pgwright.workload.parameters import GENERIC, Case, InferredValue, infer_values, value_cases
from pgwright.workload.reading import (
    Reading,
    called_function,
    cut_off,
    named,
    read_statements,
    sees_inside,
    share_of_time,
)
from pgwright.workload.variables import as_parameter

# A plan that reads not even one page costs less.
_NO_WORK = 0.1
_TWIN_VERSION = 18
_MOST_NAMED = 5
_MOST_VARIABLES = 20


@dataclass(frozen=True)
class PricedStatement:
    statement: Statement
    """Those of one text, run under several roles, as one. Its text is what is planned."""
    shape: StatementShape
    cases: tuple[Case, ...]
    inferred: tuple[InferredValue, ...]
    tables: frozenset[QualifiedName]
    """Those behind views too."""


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


def workload_limits(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what makes the plans of this snapshot's workload doubtful, in sentences."""
    limits: list[str] = []
    if snapshot.server.major > _TWIN_VERSION:
        limits.append(
            f"The server is version {snapshot.server.major}, the twin plans as {_TWIN_VERSION} does: what is new in "
            "its planner is not seen."
        )
    if missing := unanalyzed(snapshot, _touched(snapshot)):
        names = listing([name.short for name in missing], _MOST_NAMED)
        limits.append(f"Statistics were never gathered of {names}: run ANALYZE first, then ask again.")
    return tuple(limits)


def unanalyzed(snapshot: Snapshot, tables: Iterable[QualifiedName]) -> tuple[QualifiedName, ...]:
    """Return those of some tables, and of their partitions, that hold pages but were never analyzed; by name."""
    wanted = {leaf.name for table in tables if table in snapshot.table_by_name for leaf in snapshot.leaves(table)}
    # A table of a role that may not read it shows no statistics, but its row estimate is there.
    return tuple(
        table.name
        for table in sorted(snapshot.tables, key=lambda table: str(table.name))
        if table.name in wanted
        and table.pages > 0
        and table.row_estimate <= 0
        and table.name not in snapshot.statistics_by_relation
    )


def _touched(snapshot: Snapshot) -> set[QualifiedName]:
    shapes = (reading.shape for reading in read_statements(snapshot))
    return {name for shape in shapes if shape is not None for name in shape.tables}


def read_workload(snapshot: Snapshot, twin: Twin, *, deadline: float = math.inf) -> Workload:
    """Parse and plan every statement on the user's tables; tell which could not be, with their share of the time.

    Args:
        deadline: a moment of `time.monotonic`; the statements left then are late.
    """
    schema = Schema.of(snapshot)
    priced: list[PricedStatement] = []
    writes: list[tuple[Statement, StatementShape]] = []
    unread: list[tuple[Statement, str]] = []
    uncounted: list[Statement] = []
    late: list[Statement] = []
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
        if time.monotonic() > deadline:
            late.append(statement)
            continue
        try:
            found = _with_parameters(reading, shape, snapshot, schema, twin)
        except psycopg.Error as error:
            unread.append((statement, _reason(error, statement.text)))
            continue
        except UnparsableStatement as error:
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
    )


def _with_parameters(
    reading: Reading, shape: StatementShape, snapshot: Snapshot, schema: Schema, twin: Twin
) -> PricedStatement | None:
    """As `_priced`, with the variables of a function as parameters where the statement stands inside of one."""
    for _ in range(_MOST_VARIABLES):
        try:
            return _priced(reading, shape, snapshot, schema, twin)
        except (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable) as error:
            text = as_parameter(reading.statement.text, error.diag.message_primary or "")
            if text is None or not sees_inside(snapshot):
                raise
            shape = read_shape(text, schema)
            reading = replace(reading, statement=replace(reading.statement, text=text), shape=shape)
    return _priced(reading, shape, snapshot, schema, twin)


def _priced(
    reading: Reading, shape: StatementShape, snapshot: Snapshot, schema: Schema, twin: Twin
) -> PricedStatement | None:
    """Return a statement with its values; None when it reads no table of the user.

    Raises:
        psycopg.Error: it cannot be planned. UnparsableStatement: its work is inside a function.
    """
    statement = reading.statement
    tables = shape.tables
    if shape.reads_unknown or not tables:
        function = called_function(statement.text, snapshot)
        if not tables and not shape.reads_unknown and function is None:
            return None
        explained = twin.explained(statement.text)
        names = (node.get("Relation Name") for node in nodes(explained[0]["Plan"]))
        behind = (schema.find(None, name) for name in names if name)
        tables = frozenset({*tables, *(table for table in behind if table is not None)})
        if not tables:
            if function is None or sees_inside(snapshot):
                return None
            raise UnparsableStatement(
                statement.text,
                f"the function {function} does its work, which the planner does not see; the statements in it are seen "
                "where pg_stat_statements.track is 'all'",
            )
    inferred = infer_values(statement, shape, snapshot)
    cases = _possible(statement, value_cases(statement, shape, snapshot, inferred), twin)
    return PricedStatement(statement, shape, cases, inferred, tables)


def _possible(statement: Statement, cases: Sequence[Case], twin: Twin) -> tuple[Case, ...]:
    """Return the cases that can be planned, the weight of the others spread over them; the generic plan if none can.

    Raises: psycopg.Error: not even the generic plan can be made.
    """
    found: list[Case] = []
    for case in cases:
        try:
            plan = twin.explain(statement.text, case.values)
        except psycopg.Error:  # the operator takes another type than the column has: a path, a pattern
            if case.values is None:
                raise
            continue
        # A parameter that nobody knows is NULL, and a comparison with that finds nothing without looking.
        if case.values is None or plan.total_cost >= _NO_WORK:
            found.append(case)
    if not found:
        twin.explain(statement.text)
        return (GENERIC,)
    total = sum(case.weight for case in found)
    return tuple(replace(case, weight=case.weight / total) for case in found)


def _reason(error: psycopg.Error, text: str) -> str:
    reason = error.diag.message_primary or str(error).strip()
    if is_cut_off(text):
        return cut_off(text, reason)
    if isinstance(error, psycopg.errors.UndefinedTable):
        return f"{reason}: it is a temporary table, or was dropped since"
    return reason
