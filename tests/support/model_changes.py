"""Changes of every kind on the tables of a database, the same ones in every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgwright.checks.keys.foreign_key_without_cascade import cascading
from pgwright.checks.references import References, components, detached
from pgwright.checks.uuid_columns import text_groups
from pgwright.indexes.names import conventional_name
from pgwright.model.change import (
    AnalyzeTable,
    CascadeDelete,
    Change,
    ColumnConversion,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    UniqueAmongLiving,
)
from pgwright.model.finding import Finding
from pgwright.model.index import Index, IndexDefinition, IndexKey, index_name
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table
from tests.support.model_indexes import SCALARS, TIMES, ConventionalName, Ground, new_indexes

_INTEGERS = ["int2", "int4", "int8"]
_SQL_INTEGERS = ["smallint", "integer", "bigint"]
_UUID_TEXT = ("character varying(36)", "character(36)")


def findings_of_every_kind(
    snapshot: Snapshot, *, named: ConventionalName, labels: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Return findings that ask for changes of all kinds that the tables bear.

    Args:
        named: how SQLAlchemy would call the index of one column.
        labels: one label of each enum type.
    """
    changes = [*_conversions(snapshot)]
    converted = {(one.table, one.column) for change in changes for one in change.columns}
    found: list[Change] = [*changes]
    for table in snapshot.tables:
        own = {column for name, column in converted if name == table.name}
        found += _replacements(snapshot, table)
        found += _cascades(snapshot, table)
        found += _of_existing(snapshot, table)
        found += new_indexes(Ground(table, snapshot, labels, named, own))
    found += [AnalyzeTable(table.name) for table in snapshot.tables[:1]]
    return tuple(
        Finding(_check(change), "indexes", "medium", "certain", str(number), "m", (), "a", (change,))
        for number, change in enumerate(found)
    )


def _check(change: Change) -> str:
    """Return a check that asks for it; an index that is said to be in vain needs no other one that does its work."""
    return "unused-index" if isinstance(change, DropIndex) else "missing-index"


def _of_existing(snapshot: Snapshot, table: Table) -> Iterator[Change]:
    """Yield the drop of every other index, beginning with the first, and that one of the rest is rebuilt."""
    indexes = snapshot.indexes_by_table.get(table.name, ())
    free = sorted((index for index in indexes if not index.enforces), key=lambda index: index.name)
    for index in free[::2]:
        yield DropIndex(index.name, table.name, index.sql, index.size_bytes)
        if (wider := _wider(snapshot, table, index)) is not None:
            yield CreateIndex(wider)
    for index in free[1:2]:
        yield RebuildIndex(index.name, table.name, index.sql)


def _wider(snapshot: Snapshot, table: Table, index: Index) -> IndexDefinition | None:
    """Return what serves the foreign key of an index's first column in its place."""
    first = index.definition.keys[0].column
    keys = snapshot.foreign_keys_by_table.get(table.name, ())
    if first is None or not any(key.columns[0] == first for key in keys):
        return None
    fit = [column.name for column in table.columns if column.base_type in SCALARS]
    second = next((name for name in reversed(fit) if name not in index.definition.columns), None)
    if second is None:
        return None
    columns = first, second
    return IndexDefinition(index_name(table.name, columns), table.name, tuple(map(IndexKey, columns)))


def _replacements(snapshot: Snapshot, table: Table) -> Iterator[UniqueAmongLiving]:
    marks = [column for column in table.columns if column.is_nullable and column.base_type in TIMES]
    marks.sort(key=lambda column: not column.name.startswith(("deleted", "removed", "archived")))
    for index in snapshot.indexes_by_table.get(table.name, ()):
        definition = index.definition
        if not definition.is_unique or index.is_primary or definition.predicate or not marks:
            continue
        columns = tuple(key.column or "expression" for key in definition.keys)
        if marks[0].name in columns:
            continue
        living = IndexDefinition(
            conventional_name(snapshot, table.name, columns, "living"),
            table.name,
            definition.keys,
            predicate=f"{quote(marks[0].name)} IS NULL",
            is_unique=True,
        )
        yield UniqueAmongLiving(index.name, index.constraint, index.sql, living)
        return


def _cascades(snapshot: Snapshot, table: Table) -> Iterator[CascadeDelete]:
    """Yield that every other foreign key deletes with its parent."""
    for key in sorted(snapshot.foreign_keys_by_table.get(table.name, ()), key=lambda key: key.name)[::2]:
        if key.on_delete in ("no action", "restrict") and not key.is_inherited:
            yield cascading(key)


def _conversions(snapshot: Snapshot) -> Iterator[ConvertColumns]:
    references = References(snapshot)
    for group in text_groups(snapshot, references):
        columns = [snapshot.column(*one.name) for one in group]
        if not any(column.type in _UUID_TEXT or "gen_random_uuid" in (column.default or "") for column in columns):
            continue
        conversions = (
            ColumnConversion(table, name, column.type, "uuid", column.default, "hyphenated")
            for (table, name), column in zip((one.name for one in group), columns, strict=True)
        )
        yield ConvertColumns(tuple(conversions), detached(references.keys_at(one.name for one in group)))
    for places in components(references.declared):
        integers = {
            place: snapshot.column(*place) for place in places if snapshot.column(*place).base_type in _INTEGERS
        }
        widest = max((_INTEGERS.index(column.base_type) for column in integers.values()), default=0)
        narrow = {place: column for place, column in integers.items() if column.base_type != _INTEGERS[widest]}
        if narrow:
            conversions = (
                ColumnConversion(table, name, column.type, _SQL_INTEGERS[widest], column.default)
                for (table, name), column in narrow.items()
            )
            yield ConvertColumns(tuple(conversions), detached(references.keys_at(narrow)))
