"""The statements of the workload with their shapes, parsed once a snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pgwright.checks.memo import once_a_snapshot
from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import Block, Schema, StatementShape, read_shape

NO_WORKLOAD = "the snapshot holds no statements of pg_stat_statements"
NO_WORKLOAD_REMEDY = "see `pgwright explain extension-missing`; then let the app run for a day"


@dataclass(frozen=True)
class Query:
    """A statement of the workload that could be parsed and touches a table of the snapshot."""

    statement: Statement
    shape: StatementShape

    @property
    def only_block(self) -> Block | None:
        """Its one block, where it has neither subquery nor set operation."""
        return self.shape.blocks[0] if len(self.shape.blocks) == 1 else None


@dataclass(frozen=True)
class Workload:
    queries: tuple[Query, ...]

    @cached_property
    def total_ms(self) -> float:
        return sum(query.statement.total_ms for query in self.queries)

    @cached_property
    def _by_table(self) -> dict[QualifiedName, list[Query]]:
        found: dict[QualifiedName, list[Query]] = {}
        for query in self.queries:
            for table in query.shape.tables:
                found.setdefault(table, []).append(query)
        return found

    def touching(self, table: QualifiedName) -> list[Query]:
        """Return the statements that read or write a table."""
        return self._by_table.get(table, [])

    def share(self, total_ms: float) -> float:
        """Return a time as a share of the whole workload's."""
        return total_ms / self.total_ms if self.total_ms else 0.0


@once_a_snapshot
def read_workload(snapshot: Snapshot) -> Workload:
    """Return the statements that PostgreSQL's parser accepts; the advisor reports the others."""
    return Workload(tuple(_queries(snapshot)))


def _queries(snapshot: Snapshot) -> Iterator[Query]:
    schema = Schema.of(snapshot)
    for statement in snapshot.statements:
        try:
            shape = read_shape(statement.text, schema)
        except UnparsableStatement:
            continue
        if shape.tables:
            yield Query(statement, shape)
