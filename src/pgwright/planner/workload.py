"""The workload as the advisor prices it: each statement with its shape, its values and its plan on the twin."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import NotExamined, Snapshot, Statement
from pgwright.planner.parameters import InferredValue, choose_values, infer_values
from pgwright.planner.twin import Twin
from pgwright.sqltext import Schema, StatementShape, gist, has_plan, read_shape

# A plan that reads not even one page costs less.
_NO_WORK = 0.1


@dataclass(frozen=True)
class Case:
    """One set of parameter values that a statement is priced with."""

    values: tuple[str | None, ...] | None
    """One a parameter, in text form; None: the generic plan."""
    weight: float = 1.0
    """Share of the calls that it stands for; those of a statement add up to 1."""


@dataclass(frozen=True)
class PricedStatement:
    statement: Statement
    shape: StatementShape
    cases: tuple[Case, ...]
    inferred: tuple[InferredValue, ...]
    tables: frozenset[QualifiedName]


@dataclass(frozen=True)
class Workload:
    statements: tuple[PricedStatement, ...]
    writes: tuple[tuple[Statement, StatementShape], ...]
    """Every INSERT, UPDATE and DELETE that could be parsed, whether it could be planned or not."""
    unplanned: tuple[NotExamined, ...]


def read_workload(snapshot: Snapshot, twin: Twin) -> Workload:
    """Parse and plan every statement on the user's tables; tell which could not be, with their share of the time."""
    schema = Schema.of(snapshot)
    total = sum(statement.total_ms for statement in snapshot.statements) or 1.0
    priced: list[PricedStatement] = []
    writes: list[tuple[Statement, StatementShape]] = []
    unplanned: list[NotExamined] = []
    for statement in snapshot.statements:
        if not has_plan(statement.text):
            continue
        try:
            shape = read_shape(statement.text, schema)
            if shape.kind == "other" or not shape.tables:
                continue
            if shape.target is not None:
                writes.append((statement, shape))
            inferred = infer_values(statement, shape, snapshot)
            values = choose_values(statement, shape, snapshot, inferred)
            try:
                plan = twin.explain(statement.text, values)
                # A parameter that nobody knows is NULL, and a comparison with that finds nothing without looking.
                is_fit = values is None or plan.total_cost >= _NO_WORK
            except psycopg.Error:
                if values is None:
                    raise
                is_fit = False  # the operator takes another type than the column has: a path, a pattern
            if not is_fit:
                values = None
                twin.explain(statement.text, values)
            case = Case(None if values is None else tuple(values))
            priced.append(PricedStatement(statement, shape, (case,), inferred, shape.tables))
        except UnparsableStatement as error:
            unplanned.append(_unplanned(statement, error.reason, total))
        except psycopg.Error as error:
            unplanned.append(_unplanned(statement, error.diag.message_primary or str(error), total))
    return Workload(tuple(priced), tuple(writes), tuple(unplanned))


def _unplanned(statement: Statement, reason: str, total: float) -> NotExamined:
    share = f"{statement.total_ms / total:.1%} of the workload's time"
    return NotExamined(f"{share}: {gist(statement.text, 80)}", reason, "")
