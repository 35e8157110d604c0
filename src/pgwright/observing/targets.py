"""Which relations a statement works on that runs outside of transactions only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgwright.model.migration import Action, RelationRef
from pgwright.observing.watch import SeenRelation, State

# They work on each partition, too.
_OF_PARTITIONS = ("reindex", "vacuum", "analyze")
_WITH_ROWS = ("table", "partitioned table", "materialized view")


def targets(actions: Sequence[Action], state: State) -> tuple[tuple[int, SeenRelation], ...]:
    """Return the tables and indexes that the statement may lock, tables first; of several of a name, all."""
    found: dict[int, SeenRelation] = {}
    for action in actions:
        for ref in _refs(action):
            found |= {oid: one for oid, one in state.relations.items() if ref.matches(one.name)}
    tables = {one.table: state.relations[one.table] for one in found.values() if one.table in state.relations}
    if any(one.kind in _OF_PARTITIONS for one in actions):
        tables = {oid: one for table in tables for oid, one in _with_partitions(table, state)}
    indexes = {oid: one for oid, one in found.items() if one.kind == "index"}
    if any(one.kind == "reindex" for one in actions) and not indexes:
        indexes = {oid: one for oid, one in state.relations.items() if one.kind == "index" and one.table in tables}
    kept = {oid: one for oid, one in tables.items() if one.kind in _WITH_ROWS} | indexes
    return tuple(kept.items())


def names_any(actions: Sequence[Action]) -> bool:
    """Tell whether a statement names a relation, be it there or not: `DROP INDEX IF EXISTS i`."""
    return any(True for one in actions for _ in _refs(one))


def _with_partitions(table: int, state: State) -> Iterator[tuple[int, SeenRelation]]:
    yield table, state.relations[table]
    for oid, one in state.relations.items():
        if one.parent == table:
            yield from _with_partitions(oid, state)


def _refs(action: Action) -> Iterator[RelationRef]:
    for one in (action.table, action.references):
        if one is not None:
            yield one
    if action.kind == "reindex" and action.table is None and action.name:
        yield RelationRef(action.name)
