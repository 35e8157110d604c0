"""Find tables without a primary key.

## What it does

Reports ordinary and partitioned tables that have no primary key. Partitions are left to their parent.

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
from pgwright.figures import count, size
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
        advice=f"Make ({columns}) the primary key."
        if index
        else "Declare a primary key; where no columns are unique, "
        "add an identity column. Adding one rewrites the table under an exclusive lock.",
        sql=_sql(family, index),
    )


def _usable_index(snapshot: Snapshot, family: TableFamily) -> Index | None:
    """Return a unique index on all rows whose columns are never null."""
    for index in snapshot.indexes_by_table.get(family.name, ()):
        definition = index.definition
        is_whole = definition.is_unique and index.is_valid and definition.predicate is None
        nullable = {column.name for column in family.head.columns if column.is_nullable}
        if is_whole and len(definition.columns) == len(definition.keys) and nullable.isdisjoint(definition.columns):
            return index
    return None


def _sql(family: TableFamily, index: Index | None) -> str:
    table = family.name
    if index is None:
        if NEW_COLUMN in family.head.column_by_name or family.is_partitioned:
            return ""
        return f"ALTER TABLE {table} ADD COLUMN {NEW_COLUMN} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    is_free = index.constraint is None and not family.is_partitioned and not index.definition.include
    if is_free and not any(key.is_descending or key.nulls_first for key in index.definition.keys):
        name = quote(index.name.name)
        return f"ALTER TABLE {table} ADD PRIMARY KEY USING INDEX {name}"
    return f"ALTER TABLE {table} ADD PRIMARY KEY ({', '.join(map(quote, index.definition.columns))})"


CHECK = Check(__name__, reads=Snapshot, needs=("tables", "indexes"), severity="medium", confidence="certain", find=find)
