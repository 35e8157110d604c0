"""Find indexes that hold what another index of the table holds, in the same order.

## What it does

Groups the valid indexes of a table by method, keys with direction, operator class and collation, INCLUDE columns and
predicate. Of each group it keeps the one that a constraint owns, else a unique one, else the most used.

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

from pgwright.checks.coverage import is_duplicate
from pgwright.checks.families import IndexFamily, index_families
from pgwright.checks.figures import count, size
from pgwright.model.change import DropIndex
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import Index
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot


def find(snapshot: Snapshot) -> Iterator[Finding]:
    for indexes in index_families(snapshot).values():
        # The best first: each later one is compared with those that stay.
        kept: list[IndexFamily] = []
        for index in sorted(indexes, key=_value, reverse=True):
            twin = next((keeper for keeper in kept if _replaces(keeper.head, index.head)), None)
            if twin is not None:
                yield _finding(index, twin)
            elif index.head.is_valid:
                kept.append(index)


def _value(index: IndexFamily) -> tuple[bool, bool, bool, bool, int, str]:
    head = index.head
    unique = head.definition.is_unique
    return head.is_primary, head.constraint is not None, head.is_replica_identity, unique, index.scans, head.name.name


def _replaces(keeper: Index, index: Index) -> bool:
    """Tell whether the keeper does all that the index does, enforcement included."""
    ours, theirs = keeper.definition, index.definition
    enforces_as_much = not theirs.is_unique or (ours.is_unique and ours.nulls_not_distinct == theirs.nulls_not_distinct)
    stays = index.is_exclusion or index.is_replica_identity or not index.is_valid
    return not stays and enforces_as_much and is_duplicate(ours, theirs)


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
