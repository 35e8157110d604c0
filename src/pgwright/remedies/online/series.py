"""What a series works on: the pairs of columns, and the indexes and foreign keys that hold them, with all names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pglast import ast, parse_sql
from pglast.stream import RawStream
from pglast.visitors import Visitor

from pgwright.model.change import ConvertColumns
from pgwright.model.index import Index, IndexDefinition
from pgwright.model.names import MAX_IDENTIFIER_BYTES, QualifiedName, quote, shorten
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey
from pgwright.remedies.online.pair import ColumnPair

NEW_SCHEMA, OLD_SCHEMA = "pgwright_new", "pgwright_old"
"""Of the views by which new code sees the tables from the build on, and old code from the swap on."""

_NEW, _OLD = "_new", "_old"


@dataclass(frozen=True)
class IndexPair:
    """An index that holds a converted column, and the same index on the new columns."""

    index: Index
    new: IndexDefinition
    """On the new columns, by their names before the swap."""
    new_after: IndexDefinition
    """The same by their names after the swap; for the way back."""
    old_after: IndexDefinition
    """On the old columns, by their names after the swap."""
    spare: IndexDefinition
    """On the old columns, by their names before the swap: what is left of a constraint's index when that goes."""


@dataclass(frozen=True)
class KeyPair:
    """A foreign key at a converted column, and the same key between the new columns."""

    key: ForeignKey
    new_name: str
    new_definition: str
    """By the names before the swap."""


@dataclass(frozen=True)
class Series:
    """All that the revisions of one conversion name."""

    snapshot: Snapshot
    change: ConvertColumns
    pairs: tuple[ColumnPair, ...]
    indexes: tuple[IndexPair, ...]
    keys: tuple[KeyPair, ...]

    @cached_property
    def tables(self) -> tuple[QualifiedName, ...]:
        """The tables with a converted column."""
        return tuple(sorted({pair.table for pair in self.pairs}))

    @cached_property
    def locked(self) -> tuple[QualifiedName, ...]:
        """These and the tables at the other ends of their foreign keys."""
        ends = {end for one in self.keys for end in (one.key.table, one.key.referenced_table)}
        return tuple(sorted({*self.tables, *ends}))

    def of(self, table: QualifiedName) -> tuple[ColumnPair, ...]:
        return tuple(pair for pair in self.pairs if pair.table == table)

    def backfill(self, table: QualifiedName) -> str:
        """Return the name of the backfill that fills the new columns of a table."""
        return shorten(f"{self._stem(table)}_to_{'_'.join(sorted({one.to_type for one in self.of(table)}))}")

    def backfill_back(self, table: QualifiedName) -> str:
        """Return the name of the backfill that fills the old columns again, on the way back."""
        return shorten(f"{self._stem(table)}_back_from_{'_'.join(sorted({one.to_type for one in self.of(table)}))}")

    def _stem(self, table: QualifiedName) -> str:
        return table.name if table.schema == "public" else f"{table.schema}_{table.name}"

    def trigger_function(self, table: QualifiedName) -> QualifiedName:
        return QualifiedName(table.schema, shorten(f"pgwright_in_step_{table.name}"))


def series_of(change: ConvertColumns, snapshot: Snapshot) -> Series:
    """Return what the revisions of a conversion work on; the change has no obstacle."""
    names = _Names(snapshot)
    pairs = []
    for each in change.columns:
        table = snapshot.table_by_name[each.table]
        taken = set(table.column_by_name)
        new = free(each.column + _NEW, taken)
        pairs.append(ColumnPair(each, table.column_by_name[each.column], new, free(each.column + _OLD, taken | {new})))
    by_table: dict[QualifiedName, list[ColumnPair]] = {}
    for pair in pairs:
        by_table.setdefault(pair.table, []).append(pair)
    indexes = tuple(
        _index_pair(index, by_table[index.table], names)
        for index in snapshot.indexes
        if index.table in by_table and holds(index, {pair.name for pair in by_table[index.table]})
    )
    keys = tuple(_key_pair(key, by_table, names) for key in _keys_at(by_table, snapshot))
    return Series(snapshot, change, tuple(pairs), indexes, keys)


def free(name: str, taken: set[str]) -> str:
    """Return a name that is not taken, within what PostgreSQL keeps of a name."""
    wanted, number = shorten(name), 2
    while wanted in taken:
        tail = f"_{number}"
        wanted, number = name.encode()[: MAX_IDENTIFIER_BYTES - len(tail)].decode(errors="ignore") + tail, number + 1
    return wanted


def holds(index: Index, columns: set[str]) -> bool:
    """Tell whether an index has one of the columns, wherever."""
    definition = index.definition
    plain = {key.column for key in definition.keys} | set(definition.include)
    texts = [key.expression for key in definition.keys if key.expression] + [definition.predicate or ""]
    return bool(plain & columns) or any(columns & named_columns(text) for text in texts if text)


def named_columns(expression: str) -> set[str]:
    """Return the columns that an expression names.

    >>> sorted(named_columns("lower(name) = 'x' AND id IS NOT NULL"))
    ['id', 'name']
    """
    found = _Renaming({})
    found(parse_sql(f"SELECT {expression}"))
    return found.seen


def renamed(expression: str, names: dict[str, str]) -> str:
    """Return an expression that names other columns.

    >>> renamed("id IS NOT NULL", {"id": "id_new"})
    'id_new IS NOT NULL'
    """
    tree: Any = parse_sql(f"SELECT {expression}")
    _Renaming(names)(tree)
    return str(RawStream()(tree[0].stmt.targetList[0].val))


class _Renaming(Visitor):
    def __init__(self, names: dict[str, str]) -> None:
        self.names, self.seen = names, set[str]()

    def visit_ColumnRef(self, ancestors: object, node: Any) -> None:  # noqa: N802
        name = getattr(node.fields[-1], "sval", "")
        self.seen.add(name)
        if name in self.names:
            node.fields = (*node.fields[:-1], ast.String(sval=self.names[name]))


class _Names:
    """Names that are free, each given once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._relations: dict[str, set[str]] = {}
        for name in snapshot.relation_names:
            self._relations.setdefault(name.schema, set()).add(name.name)
        self._constraints: dict[QualifiedName, set[str]] = {}
        for key in snapshot.foreign_keys:
            self._constraints.setdefault(key.table, set()).add(key.name)

    def relation(self, name: str, schema: str) -> str:
        taken = self._relations.setdefault(schema, set())
        taken.add(found := free(name, taken))
        return found

    def constraint(self, name: str, table: QualifiedName) -> str:
        taken = self._constraints.setdefault(table, set())
        taken.add(found := free(name, taken))
        return found


def _index_pair(index: Index, pairs: Iterable[ColumnPair], names: _Names) -> IndexPair:
    schema, name = index.name.schema, index.name.name
    new, old = names.relation(name + _NEW, schema), names.relation(name + _OLD, schema)
    to_new, to_old = {one.name: one.new for one in pairs}, {one.name: one.old for one in pairs}
    definition = index.definition
    return IndexPair(
        index,
        new=_with_columns(definition, to_new).named(new),
        new_after=definition.named(new),
        old_after=_with_columns(definition, to_old).named(old),
        spare=definition.named(old),
    )


def _with_columns(definition: IndexDefinition, names: dict[str, str]) -> IndexDefinition:
    keys = tuple(
        replace(key, column=names.get(key.column, key.column))
        if key.column is not None
        else replace(key, expression=renamed(key.expression or "", names))
        for key in definition.keys
    )
    include = tuple(names.get(one, one) for one in definition.include)
    predicate = renamed(definition.predicate, names) if definition.predicate else None
    return replace(definition, keys=keys, include=include, predicate=predicate)


def _keys_at(by_table: dict[QualifiedName, list[ColumnPair]], snapshot: Snapshot) -> Iterator[ForeignKey]:
    places = {(pair.table, pair.name) for pairs in by_table.values() for pair in pairs}
    for key in snapshot.foreign_keys:
        ends = {(key.table, one) for one in key.columns}
        if places & (ends | {(key.referenced_table, one) for one in key.referenced_columns}):
            yield key


def _key_pair(key: ForeignKey, by_table: dict[QualifiedName, list[ColumnPair]], names: _Names) -> KeyPair:
    here = {one.name: one.new for one in by_table.get(key.table, ())}
    there = {one.name: one.new for one in by_table.get(key.referenced_table, ())}
    columns = ", ".join(quote(here.get(one, one)) for one in key.columns)
    referenced = ", ".join(quote(there.get(one, one)) for one in key.referenced_columns)
    definition = f"FOREIGN KEY ({columns}) REFERENCES {key.referenced_table}({referenced}){key_actions(key)}"
    return KeyPair(key, names.constraint(key.name + _NEW, key.table), definition)


def key_actions(key: ForeignKey) -> str:
    """Return what follows the referenced columns in the definition of a key, without NOT VALID.

    Raises: ValueError: it names columns again, as ON DELETE SET NULL (a) does.
    """
    head = f"({', '.join(map(quote, key.referenced_columns))})"
    tail = key.definition.rpartition(head)[2].removesuffix(" NOT VALID")
    if "(" in tail or head not in key.definition:
        raise ValueError(key.definition)
    return tail
