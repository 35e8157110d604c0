"""Find indexes whose work a longer index of the table does as well.

## What it does

Reports a plain B-tree index whose keys are the first keys of another B-tree, in the same or wholly opposite direction,
and whose INCLUDE columns the other holds too. Likewise a hash index on the first key of a B-tree, a GIN index all of
whose keys are in another GIN index, and a GiST index whose keys are the first keys of another. The predicates have to
say the same, but for `a IS NOT NULL` where `a` is the first key of the other. Indexes that a constraint, uniqueness or
a replica identity rests on are never reported.

## Why it matters

Every insert writes both. The longer one answers the same searches; it is somewhat larger, so a little slower to read.

## Example

    CREATE INDEX ix_message_conversation ON message (conversation_id);
    CREATE INDEX ix_message_conversation_created ON message (conversation_id, created_at);

Use instead:

    CREATE INDEX ix_message_conversation_created ON message (conversation_id, created_at);

## When it is wrong

When the longer one is many times larger, because its further keys are wide, the short one may still pay.

## Source

PostgreSQL manual, Multicolumn Indexes (https://www.postgresql.org/docs/current/indexes-multicolumn.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import IndexFamily, index_families
from pgwright.checks.substitutes import is_droppable, substitutes
from pgwright.figures import count, size
from pgwright.model.change import DropIndex
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.snapshot import Snapshot

# A substitute so many times larger costs noticeably more to read and to keep in memory.
MUCH_LARGER = 3.0


def find(snapshot: Snapshot) -> Iterator[Finding]:
    for indexes in index_families(snapshot).values():
        for index in indexes:
            if index.head.is_valid and is_droppable(index):
                found = substitutes(snapshot, index)
                if found:
                    yield _finding(index, min(found, key=lambda other: (other.size_bytes, other.head.name)))


def _finding(index: IndexFamily, longer: IndexFamily) -> Finding:
    head = index.head
    is_much_larger = longer.size_bytes > MUCH_LARGER * index.size_bytes > 0
    return CHECK.found(
        head.name.short,
        f"{head.name.short} does nothing that {longer.head.name.short} does not: its keys are {_place(longer)} there.",
        confidence="possible" if is_much_larger else None,
        evidence=[
            Evidence("definition", head.sql),
            Evidence("covered by", longer.head.sql),
            Evidence("size of it and of the longer one", f"{size(index.size_bytes)} and {size(longer.size_bytes)}"),
            Evidence("scans of it and of the longer one", f"{count(index.scans)} and {count(longer.scans)}"),
        ],
        advice=f"Drop {head.name.short}; {longer.head.name.short} takes over its searches."
        + (" It is much larger: measure before and after." if is_much_larger else ""),
        changes=[DropIndex(head.name, head.table, head.sql, index.size_bytes)],
    )


def _place(longer: IndexFamily) -> str:
    return "keys" if longer.head.definition.method in ("gin", "brin") else "the first keys"


CHECK = Check(__name__, reads=Snapshot, needs=("indexes",), severity="low", confidence="likely", find=find)
