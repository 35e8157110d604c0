"""Which rows hang on which, as the database has it: also by foreign keys that no model declares."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import JSON, Column, Connection, FromClause, Table, column, table, text

from pgwright_runtime._sql import quoted, read_sql
from pgwright_runtime.retention.errors import UnknownTable

_RELATIONS = text(read_sql("pgwright_runtime.retention", "relations")).columns(types=JSON, key=JSON, indexes=JSON)
_FOREIGN_KEYS = text(read_sql("pgwright_runtime.retention", "foreign_keys")).columns(pairs=JSON)

OnDelete = Literal["CASCADE", "NO ACTION", "RESTRICT", "SET NULL", "SET DEFAULT"]
_ACTIONS: Mapping[str, OnDelete] = {
    "c": "CASCADE", "a": "NO ACTION", "r": "RESTRICT", "n": "SET NULL", "d": "SET DEFAULT"
}  # fmt: skip


@dataclass(frozen=True)
class TableIndex:
    """A valid B-tree index."""

    name: str
    is_partial: bool
    columns: tuple[str | None, ...]
    """None: an expression."""


@dataclass(frozen=True)
class StoredTable:
    """A table, as the database has it."""

    oid: int
    source: FromClause
    """The model's table; of one that no model knows, a bare one."""
    model: Table | None
    kind: str
    """`r`: a table, `p`: a partitioned one; others cannot be walked."""
    is_partition: bool
    hides_rows: bool
    """Row-level security hides rows of it from the role."""
    lacks: str
    """Privileges that the role does not have."""
    key: tuple[str, ...]
    types: Mapping[str, str]
    """Types by column."""
    indexes: tuple[TableIndex, ...]
    blocks: int
    bytes: int
    row_estimate: int

    @property
    def name(self) -> str:
        """As a person reads it."""
        schema = getattr(self.source, "schema", None)
        return f"{schema + '.' if schema else ''}{self.source.name}"  # type: ignore[attr-defined]

    @property
    def sql(self) -> str:
        """As SQL has it."""
        return quoted(self.source.name, getattr(self.source, "schema", None))  # type: ignore[attr-defined]

    def is_indexed(self, columns: Iterable[str]) -> bool:
        """True when a whole index begins with these columns, in any order."""
        wanted = set(columns)
        return any(not one.is_partial and set(one.columns[: len(wanted)]) == wanted for one in self.indexes)


@dataclass(frozen=True)
class StoredReference:
    """A foreign key."""

    name: str
    child: int
    parent: int
    on_delete: OnDelete
    pairs: tuple[tuple[str, str], ...]
    """Each column of the child with that of the parent."""

    @property
    def takes(self) -> bool:
        """True when rows of the child have to go before the row that they refer to."""
        return self.on_delete in ("CASCADE", "NO ACTION", "RESTRICT")


@dataclass(frozen=True)
class StoredGraph:
    """The tables of some policies and all that hangs on them."""

    tables: Mapping[int, StoredTable]
    references: tuple[StoredReference, ...]

    @cached_property
    def _below(self) -> Mapping[int, tuple[StoredReference, ...]]:
        return {
            oid: tuple(one for one in self.references if one.parent == oid and one.takes and one.child in self.tables)
            for oid in self.tables
        }

    @cached_property
    def by_model(self) -> Mapping[Table, StoredTable]:
        return {one.model: one for one in self.tables.values() if one.model is not None}

    def below(self, oid: int) -> tuple[StoredReference, ...]:
        """Return the foreign keys whose rows go before those of a table, or keep them."""
        return self._below[oid]

    def reach(self, oid: int) -> frozenset[int]:
        """Return a table with all that hang on it."""
        found, work = {oid}, [oid]
        while work:
            for one in self.below(work.pop()):
                if one.child not in found:
                    found.add(one.child)
                    work.append(one.child)
        return frozenset(found)

    def has_several_ways(self, oid: int) -> bool:
        """True when a row can hang on one of a table's rows in two ways."""
        reach = self.reach(oid)
        children = [one.child for parent in reach for one in self.below(parent)]
        return oid in children or len(children) > len(set(children))

    def circles(self) -> Iterator[frozenset[int]]:
        """Yield the tables that hang on one another in a circle, more than one table each."""
        reach = {oid: self.reach(oid) for oid in self.tables}
        known = set()
        for oid in self.tables:
            circle = frozenset(other for other in reach[oid] if oid in reach[other])
            if len(circle) > 1 and circle not in known:
                known.add(circle)
                yield circle

    @cached_property
    def order(self) -> tuple[tuple[int, ...], ...]:
        """The tables in the order in which rows can go, children first; those of a circle together."""
        circles = {oid: circle for circle in self.circles() for oid in circle}
        size = {oid: len(self.reach(oid)) for oid in self.tables}
        groups = {tuple(sorted(circles.get(oid, (oid,)))) for oid in self.tables}
        # A table reaches more than any that it reaches, except for those of its circle.
        return tuple(sorted(groups, key=lambda group: (size[group[0]], group)))


def read_graph(connection: Connection, models: Iterable[Table], cascade: Collection[Column[Any]] = ()) -> StoredGraph:
    """Return what the database has of some tables, and of all that hang on them.

    Args:
        cascade: columns of foreign keys that count as ON DELETE CASCADE, whatever the database has.
    Raises: UnknownTable: it does not have one.
    """
    wanted = {quoted(one.name, one.schema): one for one in models}
    oids = {}
    for name in wanted:
        oid = connection.execute(text("SELECT to_regclass(:name)::oid::bigint"), {"name": name}).scalar_one()
        if oid is None:
            raise UnknownTable("a policy or a hold names it", f"table {name}")
        oids[oid] = wanted[name]
    # All that the models know, so that conditions on rows below are asked of the models' tables.
    metadata = {known for one in wanted.values() for known in one.metadata.tables.values()}
    rows = connection.execute(_RELATIONS, {"tables": json.dumps(list(wanted))}).all()
    tables = {row.oid: _table(row, oids.get(row.oid), metadata) for row in rows}
    keys = connection.execute(_FOREIGN_KEYS, {"oids": json.dumps([str(oid) for oid in tables])})
    found = (
        StoredReference(
            row.name,
            row.child,
            row.parent,
            "CASCADE" if _is_stated(tables[row.child], row.pairs, cascade) else _ACTIONS[row.action],
            tuple(map(tuple, row.pairs)),
        )
        for row in keys
        if row.child in tables
    )
    return StoredGraph(tables, tuple(found))


def _is_stated(child: StoredTable, pairs: Any, cascade: Collection[Column[Any]]) -> bool:
    columns = {name for name, _ in pairs}
    return any(one.table is child.model and one.name in columns for one in cascade)


def _table(row: Any, model: Table | None, metadata: set[Table]) -> StoredTable:
    if model is None:
        names = [(row.schema_name, row.table_name), *([(None, row.table_name)] if row.is_on_path else [])]
        model = next((one for one in metadata if (one.schema, one.name) in names), None)
    bare = table(row.table_name, *map(column, row.types), schema=None if row.is_on_path else row.schema_name)
    return StoredTable(
        oid=row.oid,
        source=bare if model is None else model,
        model=model,
        kind=row.kind,
        is_partition=row.is_partition,
        hides_rows=row.hides_rows,
        lacks=", ".join(filter(None, (row.lacks, None if row.may_lock else "UPDATE"))),
        key=tuple(row.key or ()),
        types=row.types,
        indexes=tuple(TableIndex(name, is_partial, tuple(columns)) for name, is_partial, columns in row.indexes or ()),
        blocks=row.blocks or 0,
        bytes=row.bytes or 0,
        row_estimate=row.row_estimate or 0,
    )
