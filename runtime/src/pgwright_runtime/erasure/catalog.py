"""The tables, columns and foreign keys of a database, as SQLAlchemy tables of our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, ForeignKeyConstraint, MetaData, Table, TableClause, column, table, text
from sqlalchemy.types import UserDefinedType

from pgwright_runtime._references import TableReference, references
from pgwright_runtime._sql import read_sql
from pgwright_runtime.erasure.declaration import TableName

_INFO = "pgwright_relation"
_SQL = {
    name: text(read_sql("pgwright_runtime.erasure", name))
    for name in ("relations", "columns", "keys", "foreign_keys", "telling_values", "copies")
}


@dataclass(frozen=True)
class TableFacts:
    """What the catalog says of a table."""

    oid: int
    kind: str
    """`r` a table, `p` a partitioned one, `f` a foreign one."""
    is_secured: bool
    """Row-level security hides rows of it from us."""
    has_parts: bool
    """Its rows may lie in partitions or in tables that inherit."""
    size: int
    """Bytes, without TOAST and indexes."""
    place: int | None
    """Of its schema in the search path; None: not in it."""
    key: tuple[str, ...] = ()
    """What tells its rows apart; () where nothing does."""


class NamedType(UserDefinedType[Any]):
    """A type of the server's, by the name that it gives it."""

    cache_ok = True

    def __init__(self, name: str, base: str, category: str, element: str | None) -> None:
        self.name, self.base, self.category, self.element = name, base, category, element

    def get_col_spec(self, **options: Any) -> str:
        return self.name


class CatalogTables:
    """A database's tables."""

    def __init__(self, metadata: MetaData) -> None:
        self.metadata = metadata
        self._by_name = {(table.schema, table.name): table for table in metadata.tables.values()}

    def __iter__(self) -> Iterator[Table]:
        return iter(self._by_name.values())

    def find(self, name: TableName) -> Table | None:
        """Return the table of this name; None: there is none."""
        if name[0] is not None:
            return self._by_name.get(name)
        known = [table for table in self if table.name == name[1] and relation_of(table).place is not None]
        return min(known, key=lambda table: relation_of(table).place or 0, default=None)

    @property
    def references(self) -> list[TableReference]:
        return list(references(self.metadata))


def relation_of(table: Table) -> TableFacts:
    """Return what the catalog says of a table."""
    found: TableFacts = table.info[_INFO]
    return found


def type_of(column: Any) -> NamedType:
    """Return the server's type of a column."""
    found: NamedType = column.type
    return found


def rows_of(of: Table, name: str | None = None, schema: str | None = None) -> TableClause:
    """Return a table as a statement has it, with the columns that say where its rows lie; or a partition of it."""
    columns = [column(one.name, one.type) for one in of.c]
    return table(name or of.name, column("ctid"), column("tableoid"), *columns, schema=schema or of.schema)


def read_catalog(connection: Connection) -> CatalogTables:
    """Return the tables of all schemas that are the users' own."""
    metadata = MetaData()
    keys = {row.oid: tuple(row.columns) for row in connection.execute(_SQL["keys"])}
    columns: dict[int, list[Column[Any]]] = {}
    for row in connection.execute(_SQL["columns"]):
        kind = NamedType(row.type, row.base, row.category, row.element)
        found: Column[Any] = Column(row.name, kind, nullable=row.is_nullable, info={"generated": row.is_generated})
        columns.setdefault(row.oid, []).append(found)
    tables: dict[int, Table] = {}
    for row in connection.execute(_SQL["relations"]):
        known = TableFacts(
            row.oid, row.kind, row.is_secured, row.has_parts, row.bytes, row.place, keys.get(row.oid, ())
        )
        tables[row.oid] = Table(row.name, metadata, *columns.get(row.oid, ()), schema=row.schema, info={_INFO: known})
    for row in connection.execute(_SQL["foreign_keys"]):
        if row.child in tables and row.parent in tables:
            parent = tables[row.parent]
            tables[row.child].append_constraint(
                ForeignKeyConstraint(row.columns, [parent.c[name] for name in row.referred], ondelete=row.on_delete)
            )
    return CatalogTables(metadata)


def read_telling_columns(connection: Connection) -> dict[tuple[str, str, str], str]:
    """Return what the sampled values of columns look like, by schema, table and column."""
    return {(row.schema, row.name, row.column): row.kind for row in connection.execute(_SQL["telling_values"])}


def read_copies(connection: Connection, tables: list[Table]) -> tuple[str, ...]:
    """Return the materialised views that read some tables."""
    oids = [relation_of(table).oid for table in tables]
    return tuple(f"{row.schema}.{row.name}" for row in connection.execute(_SQL["copies"], {"tables": oids}))
