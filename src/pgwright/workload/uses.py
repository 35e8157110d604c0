"""How the workload uses columns, statement by statement: what a change of their type would break."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from pgwright.errors import UnparsableStatement
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import Schema, Uses, inner_query, read_uses

Column = tuple[QualifiedName, str]


@once_a_snapshot
def computing_statements(snapshot: Snapshot) -> Mapping[Column, tuple[Statement, ...]]:
    """Return the statements that use a column in a way that its type decides: in a function, say."""
    found: dict[Column, list[Statement]] = {}
    for statement, uses in _uses(snapshot):
        for use in uses.computed:
            found.setdefault((use.table, use.column), []).append(statement)
    return {column: tuple(statements) for column, statements in found.items()}


@once_a_snapshot
def compared_columns(snapshot: Snapshot) -> frozenset[tuple[Column, Column]]:
    """Return the pairs of columns that a statement compares with each other."""
    pairs = (pair for _, uses in _uses(snapshot) for pair in uses.compared)
    return frozenset(((one.table, one.column), (other.table, other.column)) for one, other in pairs)


@once_a_snapshot
def _uses(snapshot: Snapshot) -> tuple[tuple[Statement, Uses], ...]:
    schema = Schema.of(snapshot)
    found = []
    for statement in snapshot.statements:
        with suppress(UnparsableStatement, RecursionError):
            found.append((statement, read_uses(inner_query(statement.text) or statement.text, schema)))
    return tuple(found)
