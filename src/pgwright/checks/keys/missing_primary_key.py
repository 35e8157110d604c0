"""Find tables without a primary key.

## What it does

Reports ordinary and partitioned tables that have no primary key. Partitions are left to their parent. A statement is
given only where nothing else has to change with it: no subscriber, no composite type, no table that inherits.

## Why it matters

Nothing keeps two equal rows apart, so an ORM cannot tell which one to change, logical replication refuses UPDATE and
DELETE, and no foreign key can refer to the table.

## Example

    CREATE TABLE login (user_id uuid NOT NULL, at timestamptz NOT NULL);

Use instead:

    CREATE TABLE login (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id uuid NOT NULL, at timestamptz NOT NULL
    );

## When it is wrong

Tables that are only appended to and read whole, and staging tables that are loaded and emptied again.

## Source

PostgreSQL manual, Constraints: Primary Keys
(https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-PRIMARY-KEYS) and
Logical Replication: Replica Identity.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import TableFamily, families
from pgwright.figures import count, listing, size
from pgwright.model.dependent import DependentKind
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import Index
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot

# The name of the key column that we propose where the table has none that could serve.
NEW_COLUMN = "id"


def find(snapshot: Snapshot) -> Iterator[Finding]:
    for family in families(snapshot).values():
        if family.head.kind in ("table", "partitioned table") and not family.head.primary_key:
            yield _finding(snapshot, family)


def _finding(snapshot: Snapshot, family: TableFamily) -> Finding:
    index = _usable_index(snapshot, family)
    columns = ", ".join(map(quote, index.definition.columns)) if index else ""
    return CHECK.found(
        family.name.short,
        f"{family.name.short} has no primary key"
        + (f", though {index.name.short} already makes ({columns}) unique." if index else "."),
        # Rows can be told apart all the same.
        severity="low" if index else None,
        evidence=[Evidence("rows", count(family.rows)), Evidence("size", size(family.total_bytes))],
        advice=_advice(snapshot, family, columns),
        sql=_sql(snapshot, family, index),
    )


def _advice(snapshot: Snapshot, family: TableFamily, columns: str) -> str:
    if columns:
        return f"Make ({columns}) the primary key."
    advice = (
        "Declare a primary key; where no columns are unique, add an identity column. Adding one rewrites the table "
        "under an exclusive lock."
    )
    if publications := _names(snapshot, family, "publication"):
        advice += f" {listing(publications)} sends the table: add the column on the subscribers first, or they stop."
    if types := _names(snapshot, family, "type"):
        advice += f" It is a table of the type {listing(types)}, so the column is to be added to that type."
    if _has_heirs(snapshot, family):
        advice += " Other tables inherit from it, and a column comes to them too, without its key and its numbers."
    return advice


def _names(snapshot: Snapshot, family: TableFamily, kind: DependentKind) -> list[str]:
    return sorted({one.name for one in snapshot.dependents_by_table.get(family.name, ()) if one.kind == kind})


def _has_heirs(snapshot: Snapshot, family: TableFamily) -> bool:
    is_parent = any(snapshot.heirs(family.name)) or bool(_names(snapshot, family, "heir of several tables"))
    return is_parent and not family.is_partitioned


def _usable_index(snapshot: Snapshot, family: TableFamily) -> Index | None:
    """Return a unique index on all rows whose columns are never null."""
    for index in snapshot.indexes_by_table.get(family.name, ()):
        definition = index.definition
        is_whole = definition.is_unique and index.is_valid and definition.predicate is None
        nullable = {column.name for column in family.head.columns if column.is_nullable}
        if is_whole and len(definition.columns) == len(definition.keys) and nullable.isdisjoint(definition.columns):
            return index
    return None


def _sql(snapshot: Snapshot, family: TableFamily, index: Index | None) -> str:
    table = family.name
    if index is None:
        is_tied = any(_names(snapshot, family, kind) for kind in ("publication", "type"))
        is_tied |= family.is_partitioned or _has_heirs(snapshot, family)
        if is_tied or NEW_COLUMN in family.head.column_by_name:
            return ""
        return f"ALTER TABLE {table} ADD COLUMN {NEW_COLUMN} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    # Such an index takes other values for equal than a key would.
    if index.definition.nulls_not_distinct or any(key.collation or key.operator_class for key in index.definition.keys):
        return ""
    is_free = index.constraint is None and not family.is_partitioned and not index.definition.include
    if is_free and not any(key.is_descending or key.nulls_first for key in index.definition.keys):
        name = quote(index.name.name)
        return f"ALTER TABLE {table} ADD PRIMARY KEY USING INDEX {name}"
    return f"ALTER TABLE {table} ADD PRIMARY KEY ({', '.join(map(quote, index.definition.columns))})"


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "dependents"),
    severity="medium",
    confidence="certain",
    find=find,
)
