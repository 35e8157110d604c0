"""The statements that read or write the user's tables, each as the snapshot lists it, with its shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import Block, StatementShape
from pgwright.workload.reading import read_statements


@dataclass(frozen=True)
class ShapedStatement:
    """A statement, of one role, that touches a table of the snapshot; its text may be a command around the query."""

    statement: Statement
    shape: StatementShape

    @property
    def only_block(self) -> Block | None:
        """Its one block, where it has neither subquery nor set operation."""
        return self.shape.blocks[0] if len(self.shape.blocks) == 1 else None


@once_a_snapshot
def shaped_statements(snapshot: Snapshot) -> tuple[ShapedStatement, ...]:
    """Return the statements on the user's tables, in the snapshot's order; the advisor reports the unreadable ones."""
    shapes = {
        statement: reading.shape
        for reading in read_statements(snapshot)
        if reading.shape is not None and reading.shape.tables
        for statement in reading.stands_for
    }
    return tuple(ShapedStatement(one, shapes[one]) for one in snapshot.statements if one in shapes)


def statements_touching(table: QualifiedName, snapshot: Snapshot) -> Sequence[ShapedStatement]:
    """Return the statements that read or write a table."""
    return _by_table(snapshot).get(table, ())


@once_a_snapshot
def _by_table(snapshot: Snapshot) -> Mapping[QualifiedName, Sequence[ShapedStatement]]:
    found: dict[QualifiedName, list[ShapedStatement]] = {}
    for one in shaped_statements(snapshot):
        for table in one.shape.tables:
            found.setdefault(table, []).append(one)
    return found
