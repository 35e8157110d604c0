"""Find indexes that serve no query, because building them failed.

## What it does

Reports indexes that are not valid. `CREATE INDEX CONCURRENTLY` leaves one behind when it fails or is cancelled, and so
does `REINDEX CONCURRENTLY`, with a name that ends in `_ccnew` or `_ccold`. Where a valid index of the table does its
work, it is to be dropped, else to be built again. A unique one that writes keep up refuses new duplicates although it
is not valid, so it is never dropped first: REINDEX puts a valid one in its place, or fails and leaves it.

## Why it matters

Queries cannot use it, yet every write pays for it, unless its build stopped before writes came to keep it up.
`CREATE INDEX IF NOT EXISTS` takes it for done.

## Example

    CREATE INDEX CONCURRENTLY ix_job_status ON job (status);  -- ERROR: canceling statement due to lock timeout

Use instead:

    DROP INDEX CONCURRENTLY ix_job_status;
    CREATE INDEX CONCURRENTLY ix_job_status ON job (status);

## When it is wrong

While an index is being built it is not valid yet: look at `pg_stat_progress_create_index`.

## Source

PostgreSQL manual, CREATE INDEX: Building Indexes Concurrently
(https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgwright.checks.families import IndexFamily, index_families
from pgwright.figures import size
from pgwright.indexes.coverage import replaces
from pgwright.model.change import Change, DropIndex, RebuildIndex
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import Index
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot


def find(snapshot: Snapshot) -> Iterator[Finding]:
    rebuilt: set[QualifiedName] = set()
    for indexes in index_families(snapshot).values():
        for family in indexes:
            is_partitioned = snapshot.table_by_name[family.head.table].kind == "partitioned table"
            broken = [
                leaf for leaf in family.leaves if not leaf.is_valid and not (is_partitioned and leaf is family.head)
            ]
            if not broken and not family.head.is_valid:
                yield _half_partitioned(family)
            for index in broken:
                twin = _twin(snapshot, index, rebuilt)
                rebuilt |= {index.name} if twin is None else set()
                yield _finding(index, twin)


def _twin(snapshot: Snapshot, index: Index, rebuilt: set[QualifiedName]) -> Index | None:
    """Return the index that does the work of an invalid one: a valid one, or one that is to be built again."""
    table = snapshot.table_by_name.get(index.table)
    # What REINDEX leaves of a deferrable constraint is a copy that no constraint owns: built again, it would be checked
    # at once.
    is_copy = index.definition.is_deferrable and index.constraint is None
    is_unique = index.definition.is_unique and not is_copy
    wanted = replace(index.definition, is_deferrable=False, is_unique=is_unique)
    others = [one for one in snapshot.indexes_by_table.get(index.table, ()) if one.name != index.name]
    # What keeps duplicates out stays until another one does: a rebuild may fail.
    keeps = is_unique and index.is_ready
    fit = [one for one in others if one.is_valid or (one.name in rebuilt and not keeps)]
    return next((one for one in fit if replaces(one.definition, wanted, table)), None)


def _finding(index: Index, twin: Index | None) -> Finding:
    name = index.name.short
    is_bound = index.constraint is not None or index.parent is not None
    # Dropped first, it would let duplicates in until its successor stands.
    in_place = is_bound or (index.definition.is_unique and twin is None)
    cost = "every write pays for it" if index.is_ready else "no write keeps it up: it only takes its space"
    change: Change = RebuildIndex(index.name, index.table, index.sql)
    advice = "Drop it and build it again, both concurrently."
    if twin is not None and not is_bound:
        change = DropIndex(index.name, index.table, index.sql, index.size_bytes)
        advice = f"Drop it, for {twin.name.short} does its work: building it failed, or REINDEX CONCURRENTLY left it."
    return CHECK.found(
        name,
        f"{name} on {index.table.short} is not valid: no query uses it, {cost}.",
        evidence=[
            Evidence("definition", index.sql),
            Evidence("size", size(index.size_bytes)),
            *([Evidence("does its work", twin.sql)] if twin is not None else []),
        ],
        advice=_in_place(index) if in_place else advice,
        changes=() if in_place else [change],
        sql=f"REINDEX INDEX CONCURRENTLY {index.name}" if in_place else "",
    )


def _in_place(index: Index) -> str:
    advice = "Rebuild it in place, concurrently."
    if not index.definition.is_unique:
        return advice
    keeps = "refuses new duplicates today, so never drop it first" if index.is_ready else "keeps nothing unique today"
    return f"{advice} It {keeps}. While {index.table.short} holds duplicates the rebuild fails: look for them first."


def _half_partitioned(family: IndexFamily) -> Finding:
    head = family.head
    return CHECK.found(
        head.name.short,
        f"{head.name.short} is not valid: some partitions of {head.table.short} have no index attached to it.",
        evidence=[Evidence("definition", head.sql)],
        advice="Create the missing index on each partition concurrently, then attach it: "
        f"ALTER INDEX {head.name} ATTACH PARTITION …",
    )


CHECK = Check(__name__, reads=Snapshot, needs=("tables", "indexes"), severity="medium", confidence="likely", find=find)
