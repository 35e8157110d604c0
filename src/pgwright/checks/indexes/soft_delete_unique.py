"""Find unique indexes that still count rows marked as deleted.

## What it does

Reports a unique index or constraint, other than the primary key, of a table with a soft-delete column, when the index
covers the deleted rows too. Keys that the database generates itself are left out: nobody uses such a value twice.

## Why it matters

A user who deleted an account cannot register the same address again; a renamed notebook cannot take the name of one in
the bin. The app sees an error for a row that nobody can see.

## Example

    email: Mapped[str] = mapped_column(unique=True)
    deleted_at: Mapped[datetime | None]

Use instead:

    __table_args__ = (
        Index("ix_users_email_living", "email", unique=True, postgresql_where=text("deleted_at IS NULL")),
    )

## When it is wrong

Values that must never be used again even after deletion, such as invoice numbers.

## Source

PostgreSQL manual, Partial Indexes, example 11.3: Setting up a Partial Unique Index
(https://www.postgresql.org/docs/current/indexes-partial.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgwright.checks.families import TableFamily, index_families
from pgwright.checks.soft_delete import deleted_share, is_living, mentions, soft_deleting
from pgwright.figures import count, listing, share
from pgwright.indexes.names import conventional_name
from pgwright.model.change import UniqueAmongLiving
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import Index
from pgwright.model.snapshot import Snapshot
from pgwright.workload.shaped import statements_touching


def find(snapshot: Snapshot) -> Iterator[Finding]:
    for family, column in soft_deleting(snapshot):
        for index in index_families(snapshot).get(family.name, ()):
            if _counts_deleted(index.head, column) and not _is_generated(family, index.head):
                yield _finding(snapshot, family, column, index.head)


def _counts_deleted(index: Index, column: str) -> bool:
    definition = index.definition
    keys = [key.column or key.expression for key in definition.keys]
    is_candidate = definition.is_unique and index.is_valid and not index.is_primary and not index.is_replica_identity
    return is_candidate and not any(mentions(text, column) for text in (definition.predicate, *keys))


def _is_generated(family: TableFamily, index: Index) -> bool:
    """Tell whether the database itself makes the values, so that none comes twice."""
    columns = index.definition.columns
    first = family.head.column_by_name[columns[0]] if len(columns) == len(index.definition.keys) == 1 else None
    return first is not None and (first.is_identity or first.default is not None)


def _finding(snapshot: Snapshot, family: TableFamily, column: str, index: Index) -> Finding:
    definition = index.definition
    about = index.name.short
    keys = ", ".join(key.sql() for key in definition.keys)
    columns = tuple(key.column or "expression" for key in definition.keys)
    living = replace(
        definition,
        name=conventional_name(snapshot, family.name, columns, "living"),
        predicate=f"({definition.predicate}) AND {is_living(column)}" if definition.predicate else is_living(column),
    )
    obstacle = _obstacle(snapshot, family, index)
    upserts = _upserts(snapshot, family)
    deleted = deleted_share(snapshot, family, column)
    return CHECK.found(
        about,
        f"{about} keeps ({keys}) of {family.name.short} unique among deleted rows too: a deleted row blocks its value.",
        confidence="possible" if not deleted else None,
        evidence=[
            Evidence("definition", index.sql),
            Evidence("rows", count(family.rows)),
            Evidence("rows marked as deleted", "unknown" if deleted is None else share(deleted), "estimated"),
            *([Evidence("statements with ON CONFLICT", count(len(upserts)))] if upserts else []),
        ],
        advice=obstacle
        or f"Replace it by {living.sql()}."
        + (f" Statements with ON CONFLICT ({keys}) must then add WHERE {is_living(column)}." if upserts else ""),
        changes=() if obstacle else [UniqueAmongLiving(index.name, index.constraint, index.sql, living)],
        queries=upserts,
    )


def _obstacle(snapshot: Snapshot, family: TableFamily, index: Index) -> str:
    """Return why the index cannot become partial, as advice; "" when it can."""
    referring = [
        snapshot.describe(key.table, key.columns)
        for key in snapshot.foreign_keys
        if key.referenced_table == family.name and set(key.referenced_columns) == set(index.definition.columns)
    ]
    if referring:
        return (
            f"It cannot become partial while {listing(referring, most=3)} refers to it by a foreign key. Let that key "
            "refer to the primary key first, or change the value when a row is deleted."
        )
    if family.is_partitioned:
        return "A partitioned table cannot get a unique index concurrently: replace it in a quiet hour, by hand."
    return ""


def _upserts(snapshot: Snapshot, family: TableFamily) -> tuple[int, ...]:
    queries = statements_touching(family.name, snapshot)
    ours = (query.statement for query in queries if query.shape.target == family.name)
    return tuple(dict.fromkeys(s.query_id for s in ours if "on conflict" in s.text.lower()))


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "foreign_keys"),
    severity="medium",
    confidence="likely",
    find=find,
)
