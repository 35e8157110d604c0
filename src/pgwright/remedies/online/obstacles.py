"""What keeps a conversion from being made online, though the plain rewrite may make it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgwright.model.change import ConvertColumns
from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.remedies.dependents import publications_of
from pgwright.remedies.online.series import NEW_SCHEMA, OLD_SCHEMA, holds, key_actions
from pgwright.remedies.online.views import SECURITY_INVOKER_SINCE

# What would have to be made again on the new column, and is not.
_NOT_CARRIED = ("statistics", "statistics on an expression", "index statistics", "check constraint", "use of an index")


def online_obstacles(change: ConvertColumns, snapshot: Snapshot) -> Iterator[str]:
    """Yield the reasons why a change that has no other obstacle has no series; none: it has one."""
    tables = sorted({each.table for each in change.columns})
    columns = {table: {each.column for each in change.columns if each.table == table} for table in tables}
    for table in tables:
        known = snapshot.table_by_name[table]
        if known.kind != "table" or known.parent is not None or any(one.parent == table for one in snapshot.tables):
            yield f"{table.short} is partitioned, a partition or an heir, and a view of new columns cannot stand for it"
        if known.has_row_security and snapshot.server.version_number < SECURITY_INVOKER_SINCE:
            yield f"{table.short} has row security, which views go around before PostgreSQL 15"
        if published := publications_of(snapshot, (table,)):
            yield f"{published[0]} publishes {table.short}, and its subscribers lack the new column"
        for one in snapshot.dependents_by_table.get(table, ()):
            if one.kind in _NOT_CARRIED and one.column in columns[table]:
                yield f"the {one.kind} {one.name} depends on {snapshot.describe(table, (one.column or '',))}"
    names = [table.name for table in tables]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"several schemas have a table {quote(name)}, and views in one schema cannot stand for both"
    taken = {name.schema for name in snapshot.relation_names} & {NEW_SCHEMA, OLD_SCHEMA}
    if taken:
        yield f"a schema {min(taken)} is there already: another series has not come to its end"
    yield from _of_formats(change, snapshot)
    yield from _of_indexes(snapshot, columns)
    yield from _of_keys(snapshot, columns)


def _of_formats(change: ConvertColumns, snapshot: Snapshot) -> Iterator[str]:
    for each in change.columns:
        about = snapshot.describe(each.table, (each.column,))
        if each.uuid_format == "mixed":
            yield f"{about} holds UUIDs in two spellings: old code looks them up as texts, so give them one first"
        if each.from_type not in ("smallint", "integer") and each.to_type == "bigint":
            yield f"{about} is {each.from_type}"


def _of_indexes(snapshot: Snapshot, columns: Mapping[QualifiedName, set[str]]) -> Iterator[str]:
    for index in snapshot.indexes:
        mine = columns.get(index.table)
        if mine is None or not holds(index, mine):
            continue
        if not index.is_valid:
            yield f"the index {index.name} is invalid: drop or rebuild it first"
        elif index.is_replica_identity:
            yield f"{index.name} is the replica identity of its table"
        elif index.definition.is_deferrable:
            yield f"the constraint {index.name} is deferrable, which no index can become"
        elif index.is_exclusion:
            yield f"{index.name} is an exclusion constraint"


def _of_keys(snapshot: Snapshot, columns: Mapping[QualifiedName, set[str]]) -> Iterator[str]:
    for key in snapshot.foreign_keys:
        ends = set(key.columns) & columns.get(key.table, set())
        ends |= set(key.referenced_columns) & columns.get(key.referenced_table, set())
        if not ends:
            continue
        if key.is_inherited or key.is_temporal:
            yield f"the foreign key {key.name} is one of a partition, or has a period"
        try:
            key_actions(key)
        except ValueError:
            yield f"the foreign key {key.name} names columns in its action"
