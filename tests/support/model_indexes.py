"""New indexes of every kind, on whatever columns a table has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from zlib import crc32

from pgwright.model.change import CreateIndex
from pgwright.model.index import IndexDefinition, IndexKey, index_name
from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Column, Table

TEXTS = {"text", "varchar"}
TIMES = {"timestamptz", "timestamp", "date"}
NUMBERS = {"int2", "int4", "int8", "numeric", "float8"}
SCALARS = TEXTS | TIMES | NUMBERS | {"uuid", "bool", "bpchar"}
_MOST = 5
# What a text must bear on its way through Python and SQLAlchemy: quotes, binds, percent signs, backslashes.
_CONDITIONS = ("{} = 'open'", "{} <> ':none'", "{} LIKE 'a%'", "{} <> 'it''s \"it\"'", "{} ~ '^\\d+$'")

ConventionalName = Callable[[QualifiedName, str], str]
"""The name that SQLAlchemy gives to the index of `index=True` on a column of a table."""


@dataclass
class Ground:
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

    def other(self, than: Column, types: Iterable[str] = SCALARS) -> Column | None:
        """Return another column, that others may begin with."""
        fit = [column for column in self.table.columns if column.base_type in set(types) and column != than]
        fit = [column for column in fit if column.name not in self.table.primary_key and not self._is_lost_text(column)]
        return fit[self.turn("other", len(fit))] if fit else None

    def _is_lost_text(self, column: Column) -> bool:
        return column.name in self.converted

    @property
    def scalars(self) -> set[str]:
        return SCALARS | set(self.labels)

    def index(self, *keys: IndexKey, suffix: str = "", **fields: object) -> IndexDefinition:
        """Return an index of these keys under pgwright's name for it."""
        columns = tuple(key.column or "expression" for key in keys)
        name = index_name(self.table.name, columns, suffix)
        return IndexDefinition(name, self.table.name, keys, **fields)  # type: ignore[arg-type]


def _plain(ground: Ground) -> IndexDefinition | None:
    column = ground.first(ground.scalars)
    if column is None:
        return None
    plain = ground.index(IndexKey(column.name))
    return plain if ground.turn("name", 2) else plain.named(ground.named(ground.table.name, column.name))


def _composite(ground: Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    second = ground.other(first) if first else None
    return ground.index(IndexKey(first.name), IndexKey(second.name)) if first and second else None


def _descending(ground: Ground) -> IndexDefinition | None:
    time = ground.first(TIMES | NUMBERS)
    if time is None:
        return None
    nulls_first = None if ground.turn("nulls", 2) else False
    return ground.index(IndexKey(time.name, is_descending=True, nulls_first=nulls_first), suffix="newest")


def _of_living(ground: Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    mark = next((c for c in ground.table.columns if c.is_nullable and c.base_type in TIMES and c != first), None)
    if first is None or mark is None:
        return None
    return ground.index(IndexKey(first.name), suffix="living", predicate=f"{quote(mark.name)} IS NULL")


def _of_value(ground: Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    if first is None:
        return None
    enum = next((column for column in ground.table.columns if column.base_type in ground.labels), None)
    text = ground.other(first, TEXTS)
    if enum is not None and (text is None or ground.turn("enum", 2)):
        predicate = f"{quote(enum.name)} = '{ground.labels[enum.base_type]}'"
    elif text is not None:
        predicate = _CONDITIONS[ground.turn("condition", len(_CONDITIONS))].format(quote(text.name))
    else:
        return None
    return ground.index(IndexKey(first.name), suffix="some", predicate=predicate)


def _not_null(ground: Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars, is_nullable=True)
    if first is None:
        return None
    return ground.index(IndexKey(first.name), suffix="known", predicate=f"{quote(first.name)} IS NOT NULL")


def _including(ground: Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    more = ground.other(first) if first else None
    return ground.index(IndexKey(first.name), suffix="with", include=(more.name,)) if first and more else None


def _expression(ground: Ground) -> IndexDefinition | None:
    text = ground.first(TEXTS)
    if text is None:
        return None
    key = IndexKey(
        None, f"lower({quote(text.name)})" if text.base_type == "text" else f"lower({quote(text.name)}::text)"
    )
    time = ground.other(text, TIMES)
    more = [IndexKey(time.name, is_descending=True)] if time and ground.turn("newest", 2) else []
    return ground.index(key, *more, suffix=text.name)


def _prefixes(ground: Ground) -> IndexDefinition | None:
    text = ground.first(TEXTS)
    key = IndexKey(text.name, operator_class="text_pattern_ops") if text else None
    return ground.index(key, suffix="prefix") if key else None


def _contents(ground: Ground) -> IndexDefinition | None:
    arrays = {c.base_type for c in ground.table.columns if c.base_type.startswith("_") and c.base_type[1:] in SCALARS}
    column = ground.first({"jsonb"} | arrays)
    if column is None:
        return None
    classes = "jsonb_path_ops" if column.base_type == "jsonb" and ground.turn("class", 2) else None
    return ground.index(IndexKey(column.name, operator_class=classes), suffix="gin", method="gin")


def _hashed(ground: Ground) -> IndexDefinition | None:
    column = ground.first(TEXTS | {"uuid"})
    return ground.index(IndexKey(column.name), suffix="hash", method="hash") if column else None


def _ranges(ground: Ground) -> IndexDefinition | None:
    column = ground.first(TIMES)
    if column is None:
        return None
    parameters = ("pages_per_range=32",) if ground.turn("range", 2) else ()
    return ground.index(IndexKey(column.name), suffix="brin", method="brin", parameters=parameters)


def _unique(ground: Ground) -> IndexDefinition | None:
    first = ground.first(ground.scalars)
    second = ground.other(first) if first else None
    if first is None or second is None:
        return None
    distinct = bool(ground.turn("distinct", 2))
    keys = IndexKey(first.name), IndexKey(second.name)
    return ground.index(*keys, suffix="key", is_unique=True, nulls_not_distinct=distinct)


def _filled(ground: Ground) -> IndexDefinition | None:
    column = ground.first(ground.scalars)
    return ground.index(IndexKey(column.name), suffix="loose", parameters=("fillfactor=70",)) if column else None


def _collated(ground: Ground) -> IndexDefinition | None:
    text = ground.first(TEXTS)
    return ground.index(IndexKey(text.name, collation='"C"'), suffix="bytes") if text else None


_KINDS: tuple[Callable[[Ground], IndexDefinition | None], ...] = (
    _expression, _descending, _of_living, _contents, _composite, _prefixes, _of_value, _unique, _ranges,
    _including, _not_null, _hashed, _filled, _collated,
)  # fmt: skip


def new_indexes(ground: Ground) -> Iterator[CreateIndex]:
    existing = ground.snapshot.indexes_by_table.get(ground.table.name, ())
    ground.taken |= {index.definition.keys[0].column or "" for index in existing}
    start, made = ground.turn("kind", len(_KINDS)), 0
    for kind in (_plain, *_KINDS[start:], *_KINDS[:start]):
        definition = kind(ground) if made < _MOST else None
        if definition is not None:
            made += 1
            yield CreateIndex(definition)
