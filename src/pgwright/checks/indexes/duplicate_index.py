"""Find indexes that hold what another index of the table holds, in the same or wholly opposite order.

## What it does

Groups the valid indexes of a table that do each other's work: by method, keys with operator class and collation, all in
the same or all in the opposite direction, INCLUDE columns, and predicates that say the same. Of each group it keeps the
primary key, else a unique one, else one that a constraint owns, else a part of a partitioned index, else the most used,
else the smallest. A constraint that is deferrable does not enforce what a plain unique index does.

## Why it matters

Each copy is written on every insert and on updates that change its columns, is vacuumed, and takes memory. No query is
faster for it.

## Example

    email: Mapped[str] = mapped_column(unique=True)
    __table_args__ = (Index("ix_user_email", "email"),)

Use instead:

    email: Mapped[str] = mapped_column(unique=True)

## When it is wrong

While an index is replaced by a fresh copy of itself, both exist for a time.

## Source

PostgreSQL manual, CREATE INDEX (https://www.postgresql.org/docs/current/sql-createindex.html) and
Constraints: Unique Constraints: "Adding a unique constraint will automatically create a unique B-tree index".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import IndexFamily
from pgwright.checks.substitutes import indexes_to_compare
from pgwright.figures import count, size
from pgwright.indexes.choice import must_stay
from pgwright.indexes.coverage import replaces, searches_as
from pgwright.model.change import DropIndex
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import Index
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table


def find(snapshot: Snapshot) -> Iterator[Finding]:
    for name, indexes in indexes_to_compare(snapshot).items():
        table = snapshot.table_by_name[name]
        # The best first: each later one is compared with those that stay.
        kept: list[IndexFamily] = []
        for index in indexes:
            twin = next((keeper for keeper in kept if _is_copy(index.head, keeper.head, table)), None)
            if twin is not None:
                yield _finding(index, twin)
            elif index.head.is_valid:
                kept.append(index)


def _is_copy(index: Index, keeper: Index, table: Table) -> bool:
    """Tell whether the keeper does all that the index does, enforcement included, and the index all its searches."""
    is_apart = not index.is_valid or must_stay(index)
    ours, theirs = keeper.definition, index.definition
    return not is_apart and replaces(ours, theirs, table) and searches_as(theirs, ours, table)


def _finding(index: IndexFamily, twin: IndexFamily) -> Finding:
    head = index.head
    # `fix` drops nothing that is unique: a foreign key may rest on either of the two, and only the server knows.
    is_unique = head.definition.is_unique
    return CHECK.found(
        head.name.short,
        f"{head.name.short} duplicates {twin.head.name.short} on {head.table.short}: every write pays for both.",
        evidence=[
            Evidence("definition", head.sql),
            Evidence("kept", twin.head.sql),
            Evidence("size", size(index.size_bytes)),
            Evidence("scans of it and of the kept one", f"{count(index.scans)} and {count(twin.scans)}"),
        ],
        advice=f"Drop {head.name.short}; {twin.head.name.short} does all its work."
        + (" If a foreign key rests on it, the server refuses: then the other one has to go." if is_unique else ""),
        changes=() if is_unique else [DropIndex(head.name, head.table, head.sql, index.size_bytes)],
        sql=_drop_by_hand(index) if is_unique else "",
    )


def _drop_by_hand(index: IndexFamily) -> str:
    head = index.head
    if head.constraint is not None:
        return f"ALTER TABLE {head.table} DROP CONSTRAINT {quote(head.constraint)}"
    # A partitioned index cannot be dropped concurrently.
    return f"DROP INDEX CONCURRENTLY {head.name}" if index.leaves == (head,) else f"DROP INDEX {head.name}"


CHECK = Check(__name__, reads=Snapshot, needs=("indexes",), severity="medium", confidence="certain", find=find)
