"""The workload as the advisor prices it: each statement with its shape, its values and its plan on the twin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import NotExamined, Snapshot, Statement
from pgwright.planner.parameters import InferredValue, choose_values, infer_values
from pgwright.planner.twin import Candidate, Twin
from pgwright.sqltext import Schema, StatementShape, gist, has_plan, read_shape

# A plan that reads not even one page costs less.
_NO_WORK = 0.1


@dataclass(frozen=True)
class PricedStatement:
    statement: Statement
    shape: StatementShape
    values: list[str | None] | None
    """One a parameter; None: the generic plan."""
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
            priced.append(PricedStatement(statement, shape, values, inferred, shape.tables))
        except UnparsableStatement as error:
            unplanned.append(_unplanned(statement, error.reason, total))
        except psycopg.Error as error:
            unplanned.append(_unplanned(statement, error.diag.message_primary or str(error), total))
    return Workload(tuple(priced), tuple(writes), tuple(unplanned))


def _unplanned(statement: Statement, reason: str, total: float) -> NotExamined:
    share = f"{statement.total_ms / total:.1%} of the workload's time"
    return NotExamined(f"{share}: {gist(statement.text, 80)}", reason, "")


class Pricer:
    """Planned costs of statements under sets of candidates, each asked of the twin once."""

    def __init__(self, twin: Twin, workload: Workload) -> None:
        self._twin = twin
        self._workload = workload
        self._known: dict[tuple[int, frozenset[int]], tuple[float, frozenset[int]]] = {}

    def affected(self, candidate: Candidate) -> Iterable[tuple[int, PricedStatement]]:
        """Return the statements that read or write the tables of a candidate, with their positions."""
        return [(i, one) for i, one in enumerate(self._workload.statements) if candidate.tables & one.tables]

    def cost(self, position: int, chosen: Iterable[Candidate]) -> float:
        """Return the planned cost of one call."""
        return self._priced(position, chosen)[0]

    def used(self, position: int, chosen: Iterable[Candidate]) -> frozenset[int]:
        """Return the oids of the candidates that the plan uses."""
        return self._priced(position, chosen)[1]

    def _priced(self, position: int, chosen: Iterable[Candidate]) -> tuple[float, frozenset[int]]:
        one = self._workload.statements[position]
        relevant = [candidate for candidate in chosen if candidate.tables & one.tables]
        key = (position, frozenset(candidate.oid for candidate in relevant))
        if key not in self._known:
            self._twin.enable(relevant)
            plan = self._twin.explain(one.statement.text, one.values)
            used = frozenset(each.oid for each in relevant if not each.parts.keys().isdisjoint(plan.indexes))
            self._known[key] = (plan.total_cost, used)
        return self._known[key]
