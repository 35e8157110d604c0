"""Changes of every kind on the tables of a database, the same ones in every run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from pgwright.checks.references import References, components, detached
from pgwright.checks.uuid_columns import text_groups
from pgwright.indexes.names import conventional_name
from pgwright.model.change import (
    AnalyzeTable,
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
from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Column, Table

MOST_NEW_INDEXES = 4
_TEXTS = {"text", "varchar"}
_TIMES = {"timestamptz", "timestamp", "date"}
_NUMBERS = {"int2", "int4", "int8", "numeric", "float8"}
_SCALARS = _TEXTS | _TIMES | _NUMBERS | {"uuid", "bool", "bpchar"}
_INTEGERS = ["int2", "int4", "int8"]
_SQL_INTEGERS = ["smallint", "integer", "bigint"]
_UUID_TEXT = ("character varying(36)", "character(36)")
# What a text must bear on its way through Python and SQLAlchemy: quotes, binds, percent signs, backslashes.
_CONDITIONS = ("{} = 'open'", "{} <> ':none'", "{} LIKE 'a%'", "{} <> 'it''s \"it\"'", "{} ~ '^\\d+$'")

ConventionalName = Callable[[QualifiedName, str], str]
"""The name that SQLAlchemy gives to the index of `index=True` on a column of a table."""


@dataclass
class _Ground:
    """A table, and which of its columns new indexes may still begin with."""

    table: Table
    snapshot: Snapshot
    labels: Mapping[str, str]
    named: ConventionalName
    converted: set[str]
    taken: set[str] = field(default_factory=set)

    def turn(self, question: str, answers: int) -> int:
        """Return one of so many answers, by the table's name: another table has another, and every run the same."""
        return crc32(f"{self.table.name.name}, {question}".encode()) % answers

    def first(self, types: Iterable[str], *, is_nullable: bool = False) -> Column | None:
        """Return the first column of one of these types that no other index begins with, and take it."""
        for column in self.table.columns:
            is_fit = column.base_type in set(types) and column.name not in self.taken
            if is_fit and (column.is_nullable or not is_nullable) and not self._is_lost_text(column):
                self.taken.add(column.name)
                return column
        return None

    def other(self, than: Column, types: Iterable[str] = _SCALARS) -> Column | None:
        """Return another column, that others may begin with."""
        fit = [column for column in self.table.columns if column.base_type in set(types) and column != than]
        fit = [column for column in fit if column.name not in self.table.primary_key and not self._is_lost_text(column)]
        return fit[self.turn("other", len(fit))] if fit else None

    def _is_lost_text(self, column: Column) -> bool:
        return column.name in self.converted

    @property
    def scalars(self) -> set[str]:
        return _SCALARS | set(self.labels)

    def index(self, *keys: IndexKey, suffix: str = "", **fields: object) -> IndexDefinition:
        """Return an index of these keys under pgwright's name for it."""
        columns = tuple(key.column or "expression" for key in keys)
        name = index_name(self.table.name, columns, suffix)
        return IndexDefinition(name, self.table.name, keys, **fields)  # type: ignore[arg-type]


def _plain(ground: _Ground) -> IndexDefinition | None:
    column = ground.first(ground.scalars)
    if column is None:
        return None
    plain = ground.index(IndexKey(column.name))
    return plain if ground.turn("name", 2) else plain.named(ground.named(ground.table.name, column.name))


def _composite(ground: _Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    second = ground.other(first) if first else None
    return ground.index(IndexKey(first.name), IndexKey(second.name)) if first and second else None


def _descending(ground: _Ground) -> IndexDefinition | None:
    time = ground.first(_TIMES | _NUMBERS)
    if time is None:
        return None
    nulls_first = None if ground.turn("nulls", 2) else False
    return ground.index(IndexKey(time.name, is_descending=True, nulls_first=nulls_first), suffix="newest")


def _of_living(ground: _Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    mark = next((c for c in ground.table.columns if c.is_nullable and c.base_type in _TIMES and c != first), None)
    if first is None or mark is None:
        return None
    return ground.index(IndexKey(first.name), suffix="living", predicate=f"{quote(mark.name)} IS NULL")


def _of_value(ground: _Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    if first is None:
        return None
    enum = next((column for column in ground.table.columns if column.base_type in ground.labels), None)
    text = ground.other(first, _TEXTS)
    if enum is not None and (text is None or ground.turn("enum", 2)):
        predicate = f"{quote(enum.name)} = '{ground.labels[enum.base_type]}'"
    elif text is not None:
        predicate = _CONDITIONS[ground.turn("condition", len(_CONDITIONS))].format(quote(text.name))
    else:
        return None
    return ground.index(IndexKey(first.name), suffix="some", predicate=predicate)


def _not_null(ground: _Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars, is_nullable=True)
    if first is None:
        return None
    return ground.index(IndexKey(first.name), suffix="known", predicate=f"{quote(first.name)} IS NOT NULL")


def _including(ground: _Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    more = ground.other(first) if first else None
    return ground.index(IndexKey(first.name), suffix="with", include=(more.name,)) if first and more else None


def _expression(ground: _Ground) -> IndexDefinition | None:
    text = ground.first(_TEXTS)
    if text is None:
        return None
    key = IndexKey(None, f"lower({quote(text.name)})" if text.base_type == "text" else f"lower({quote(text.name)}::text)")
    time = ground.other(text, _TIMES)
    more = [IndexKey(time.name, is_descending=True)] if time and ground.turn("newest", 2) else []
    return ground.index(key, *more, suffix=text.name)


def _prefixes(ground: _Ground) -> IndexDefinition | None:
    text = ground.first(_TEXTS)
    key = IndexKey(text.name, operator_class="text_pattern_ops") if text else None
    return ground.index(key, suffix="prefix") if key else None


def _contents(ground: _Ground) -> IndexDefinition | None:
    arrays = {c.base_type for c in ground.table.columns if c.base_type.startswith("_") and c.base_type[1:] in _SCALARS}
    column = ground.first({"jsonb"} | arrays)
    if column is None:
        return None
    classes = "jsonb_path_ops" if column.base_type == "jsonb" and ground.turn("class", 2) else None
    return ground.index(IndexKey(column.name, operator_class=classes), suffix="gin", method="gin")


def _hashed(ground: _Ground) -> IndexDefinition | None:
    column = ground.first(_TEXTS | {"uuid"})
    return ground.index(IndexKey(column.name), suffix="hash", method="hash") if column else None


def _ranges(ground: _Ground) -> IndexDefinition | None:
    column = ground.first(_TIMES)
    if column is None:
        return None
    parameters = ("pages_per_range=32",) if ground.turn("range", 2) else ()
    return ground.index(IndexKey(column.name), suffix="brin", method="brin", parameters=parameters)


def _unique(ground: _Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    second = ground.other(first) if first else None
    if first is None or second is None:
        return None
    distinct = bool(ground.turn("distinct", 2))
    keys = IndexKey(first.name), IndexKey(second.name)
    return ground.index(*keys, suffix="key", is_unique=True, nulls_not_distinct=distinct)


def _filled(ground: _Ground) -> IndexDefinition | None:
    column = ground.first(ground.scalars)
    return ground.index(IndexKey(column.name), suffix="loose", parameters=("fillfactor=70",)) if column else None


def _collated(ground: _Ground) -> IndexDefinition | None:
    text = ground.first(_TEXTS)
    return ground.index(IndexKey(text.name, collation='"C"'), suffix="bytes") if text else None


_KINDS: tuple[Callable[[_Ground], IndexDefinition | None], ...] = (
    _plain, _expression, _descending, _of_living, _contents, _composite, _prefixes, _of_value, _unique, _ranges,
    _including, _not_null, _hashed, _filled, _collated,
)  # fmt: skip


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
        found += _of_existing(snapshot, table)
        found += _new_indexes(_Ground(table, snapshot, labels, named, own))
    found += [AnalyzeTable(table.name) for table in snapshot.tables[:1]]
    return tuple(
        Finding(_check(change), "indexes", "medium", "certain", str(number), "m", (), "a", (change,))
        for number, change in enumerate(found)
    )


def _check(change: Change) -> str:
    """Return a check that asks for it; an index that is said to be in vain needs no other one that does its work."""
    return "unused-index" if isinstance(change, DropIndex) else "missing-index"


def _new_indexes(ground: _Ground) -> Iterator[CreateIndex]:
    existing = ground.snapshot.indexes_by_table.get(ground.table.name, ())
    ground.taken |= {index.definition.keys[0].column or "" for index in existing}
    start, made = ground.turn("kind", len(_KINDS)), 0
    for kind in (*_KINDS[start:], *_KINDS[:start]):
        definition = kind(ground) if made < MOST_NEW_INDEXES else None
        if definition is not None:
            made += 1
            yield CreateIndex(definition)


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
    fit = [column.name for column in table.columns if column.base_type in _SCALARS]
    second = next((name for name in reversed(fit) if name not in index.definition.columns), None)
    if second is None:
        return None
    columns = first, second
    return IndexDefinition(index_name(table.name, columns), table.name, tuple(map(IndexKey, columns)))


def _replacements(snapshot: Snapshot, table: Table) -> Iterator[UniqueAmongLiving]:
    marks = [column for column in table.columns if column.is_nullable and column.base_type in _TIMES]
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
        integers = {place: snapshot.column(*place) for place in places if snapshot.column(*place).base_type in _INTEGERS}
        widest = max((_INTEGERS.index(column.base_type) for column in integers.values()), default=0)
        narrow = {place: column for place, column in integers.items() if column.base_type != _INTEGERS[widest]}
        if narrow:
            conversions = (
                ColumnConversion(table, name, column.type, _SQL_INTEGERS[widest], column.default)
                for (table, name), column in narrow.items()
            )
            yield ConvertColumns(tuple(conversions), detached(references.keys_at(narrow)))
