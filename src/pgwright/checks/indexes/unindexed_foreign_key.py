"""Find foreign keys that no index serves.

## What it does

Reports a foreign key whose columns are not the first columns, in any order, of a valid index of its table. A partial
index counts only when its predicate is that such columns are not null, and one of another collation only where the
server looks by that one.

## Why it matters

Deleting a parent row, or changing its key, reads the whole child table, once for each row. So does every join from
the parent to its children.

## Example

    CREATE TABLE message (conversation_id uuid REFERENCES conversation ON DELETE CASCADE);

Use instead:

    CREATE TABLE message (conversation_id uuid REFERENCES conversation ON DELETE CASCADE);
    CREATE INDEX CONCURRENTLY ix_message_conversation_id ON message (conversation_id);

## When it is wrong

Parents that are never deleted, and from which nobody joins: where no delete was counted, it is medium at most. Small
children, which are read whole in any case, are reported as info.

## Source

PostgreSQL manual, Constraints: Foreign Keys
(https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK): "it is often a good idea to index
the referencing columns too".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import TableFamily, alone, families
from pgwright.figures import count, size
from pgwright.indexes.coverage import foreign_key_collations, is_served
from pgwright.indexes.names import conventional_name
from pgwright.model.change import CreateIndex
from pgwright.model.finding import Check, Evidence, Finding, Severity
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey
from pgwright.model.worth import Worth

# Below this, reading it all costs about as much as an index scan.
SMALL_TABLE_ROWS = 1_000
# Above this, one delete of a parent is a scan of some tens of milliseconds, and a cascade many of them.
LARGE_TABLE_ROWS = 100_000
# A table in memory is read at about a gigabyte a second.
_BYTES_A_MS = 1_000_000.0


def find(snapshot: Snapshot) -> Iterator[Finding]:
    tables = families(snapshot)
    told = set()
    for key in snapshot.foreign_keys:
        # A partition may have a key of its own.
        family = tables.get(key.table) or alone(snapshot.table_by_name[key.table])
        place = (key.table, frozenset(key.columns))
        if place not in told and key.is_enforced and not key.is_inherited and not is_served(snapshot, key):
            told.add(place)
            yield _finding(snapshot, key, family)


def _finding(snapshot: Snapshot, key: ForeignKey, family: TableFamily) -> Finding:
    deleted = sum(leaf.rows_deleted for leaf in snapshot.leaves(key.referenced_table))
    worth = _worth(family, deleted, snapshot)
    about = snapshot.describe(key.table, key.columns)
    collations = foreign_key_collations(key, snapshot)
    return CHECK.found(
        about,
        f"No index serves the foreign key {about} to {key.referenced_table.short}: each delete there, and each join, "
        f"reads all {count(family.rows)} rows of {key.table.short}.",
        severity=_severity(family, worth),
        worth=worth,
        evidence=[
            Evidence("rows", count(family.rows)),
            Evidence("size", size(family.total_bytes)),
            Evidence("on delete", key.on_delete),
            Evidence(f"rows deleted from {key.referenced_table.short}", count(deleted)),
            *([Evidence("time of these deletes", worth.saving, "estimated")] if worth is not None else []),
            Evidence("sequential scans", count(sum(leaf.sequential_scans for leaf in family.leaves))),
        ],
        advice="Create an index that begins with the key's columns.",
        changes=[
            CreateIndex(
                IndexDefinition(
                    name=conventional_name(snapshot, key.table, key.equal_columns),
                    table=key.table,
                    keys=tuple(IndexKey(column, collation=collations.get(column)) for column in key.equal_columns),
                ),
                is_partitioned=family.is_partitioned,
            )
        ],
    )


def _worth(family: TableFamily, deleted: int, snapshot: Snapshot) -> Worth | None:
    """Return what the deletes take that were counted: each reads the whole table; None where there were none."""
    if not deleted:
        return None
    a_delete = family.heap_bytes / _BYTES_A_MS
    whole = sum(one.total_ms for one in snapshot.statements)
    saved = a_delete * deleted
    return Worth(saved, a_delete, min(1.0, saved / whole) if whole else 0.0, snapshot.counted_seconds)


def _severity(family: TableFamily, worth: Worth | None) -> Severity:
    if family.rows < SMALL_TABLE_ROWS:
        return "info"
    if worth is not None:
        return worth.severity
    # Nobody deleted a parent yet: the first time will be slow, and joins from there are.
    return "medium" if family.rows >= LARGE_TABLE_ROWS else "low"


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "foreign_keys"),
    severity="medium",
    confidence="likely",
    find=find,
)
