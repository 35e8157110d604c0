"""Which relations a statement works on that runs outside of transactions only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pgwright.model.migration import Action, RelationRef
from pgwright.observing.watch import Relation, State

_WITH_ROWS = ("table", "partitioned table", "materialized view")


def targets(actions: Sequence[Action], state: State) -> tuple[tuple[int, Relation], ...]:
    """Return the tables and indexes that the statement may lock, tables first; of several of a name, all."""
    found: dict[int, Relation] = {}
    for action in actions:
        for ref in _refs(action):
            found |= {oid: one for oid, one in state.relations.items() if ref.matches(one.name)}
    tables = {one.table: state.relations[one.table] for one in found.values() if one.table in state.relations}
    indexes = {oid: one for oid, one in found.items() if one.kind == "index"}
    if any(one.kind == "reindex" for one in actions) and not indexes:
        indexes = {oid: one for oid, one in state.relations.items() if one.kind == "index" and one.table in tables}
    kept = {oid: one for oid, one in tables.items() if one.kind in _WITH_ROWS} | indexes
    return tuple(kept.items())


def _refs(action: Action) -> Iterator[RelationRef]:
    for one in (action.table, action.references):
        if one is not None:
            yield one
    if action.kind == "reindex" and action.table is None and action.name:
        yield RelationRef(action.name)


def covers_everything(actions: Iterable[Action]) -> bool:
    """Tell whether a statement names no relation, and so works on all: `VACUUM`, `REINDEX SCHEMA s`."""
    return any(one.kind in ("vacuum", "reindex", "cluster") and not any(True for _ in _refs(one)) for one in actions)
