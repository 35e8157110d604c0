"""How long the indexes of a statement take to build: new ones by their definition, others by that of the snapshot."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.errors import UnparsableStatement
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.migration import Action, ObservedStatement
from pgwright.model.names import QualifiedName
from pgwright.model.rates import Rates
from pgwright.model.snapshot import Snapshot
from pgwright.sizes.builds import build_seconds
from pgwright.sqltext import Schema, read_index

_NEW = ("create index", "add unique", "add primary key", "add exclusion")


def built_seconds(
    statement: ObservedStatement, snapshot: Snapshot, rates: Rates
) -> Iterator[tuple[QualifiedName, float]]:
    """Yield each table whose indexes are built, with the seconds; those that are rewritten count with their table."""
    found: dict[QualifiedName, float] = {}
    is_concurrent = any(one.is_concurrent for one in statement.actions)
    for definition, looks in (*_again(statement, snapshot), *_new(statement, snapshot)):
        if definition.table in snapshot.table_by_name and definition.table not in statement.rewritten:
            took = build_seconds(definition, snapshot, rates=rates, is_concurrent=is_concurrent)
            took += snapshot.table_by_name[definition.table].rows * rates.row_checked * looks
            for leaf in snapshot.leaves(definition.table):
                found.setdefault(leaf.name, 0.0)
            found[definition.table] = found.get(definition.table, 0.0) + took
    yield from found.items()


def _again(statement: ObservedStatement, snapshot: Snapshot) -> Iterator[tuple[IndexDefinition, int]]:
    known = {index.name: index for index in snapshot.indexes}
    yield from ((known[name].definition, 0) for name in statement.built if name in known)


def _new(statement: ObservedStatement, snapshot: Snapshot) -> Iterator[tuple[IndexDefinition, int]]:
    """Yield the new indexes, with how often each row is looked for in the complete index."""
    schema = Schema.of(snapshot)
    for action in statement.actions if statement.built else ():
        if action.kind not in _NEW or action.using_index or action.table is None:
            continue
        definition = _definition(statement.text, action, schema)
        if definition is not None:
            yield definition, int(action.kind == "add exclusion")


def _definition(text: str, action: Action, schema: Schema) -> IndexDefinition | None:
    try:
        return read_index(text, schema)
    except UnparsableStatement:  # a constraint, or several statements
        table = schema.find(action.table.schema or None, action.table.name) if action.table is not None else None
    if table is None:
        return None
    keys = tuple(IndexKey(one) if one else IndexKey(None, "unknown") for one in action.columns or ("",))
    method = "gist" if action.kind == "add exclusion" else "btree"
    return IndexDefinition(action.name, table, keys, is_unique=action.is_unique, method=method)
