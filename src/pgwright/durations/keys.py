"""Which foreign keys a statement validates: added, validated later, or checked anew since a column has another type."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.model.migration import Action, ObservedStatement, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from pgwright.sqltext import Schema

Tables = tuple[Table, ...]


def validated_keys(
    statement: ObservedStatement, pending: PendingMigrations, snapshot: Snapshot
) -> Iterator[tuple[Tables, Tables]]:
    """Yield the tables that refer, and those that they refer to, of each key."""
    for child, parent in _names(statement, pending, snapshot):
        if child in snapshot.table_by_name and parent in snapshot.table_by_name:
            yield tuple(snapshot.leaves(child)), tuple(snapshot.leaves(parent))


def _names(
    statement: ObservedStatement, pending: PendingMigrations, snapshot: Snapshot
) -> Iterator[tuple[QualifiedName, QualifiedName]]:
    schema = Schema.of(snapshot)
    for action in statement.actions:
        if action.kind == "add foreign key" and not action.is_not_valid:
            yield from _of(action, schema)
        elif action.kind == "validate constraint":
            yield from _later(action, pending, snapshot, schema)
        elif action.kind == "change type" and statement.rewritten:
            yield from _of_column(action, snapshot, schema)


def _of(action: Action, schema: Schema) -> Iterator[tuple[QualifiedName, QualifiedName]]:
    if action.table is None or action.references is None:
        return
    names = [schema.find(one.schema or None, one.name) for one in (action.table, action.references)]
    if names[0] is not None and names[1] is not None:
        yield names[0], names[1]


def _later(
    action: Action, pending: PendingMigrations, snapshot: Snapshot, schema: Schema
) -> Iterator[tuple[QualifiedName, QualifiedName]]:
    table = schema.find(action.table.schema or None, action.table.name) if action.table is not None else None
    if table is None:
        return
    for key in snapshot.foreign_keys_by_table.get(table, ()):
        if key.name == action.name:
            yield table, key.referenced_table
            return
    for revision in pending.revisions:
        for one in revision.upgrade.statements:
            for added in one.actions:
                if added.kind == "add foreign key" and added.name == action.name:
                    yield from _of(added, schema)
                    return


def _of_column(action: Action, snapshot: Snapshot, schema: Schema) -> Iterator[tuple[QualifiedName, QualifiedName]]:
    table = schema.find(action.table.schema or None, action.table.name) if action.table is not None else None
    for key in snapshot.foreign_keys:
        is_child = key.table == table and action.name in key.columns
        if is_child or (key.referenced_table == table and action.name in key.referenced_columns):
            yield key.table, key.referenced_table
