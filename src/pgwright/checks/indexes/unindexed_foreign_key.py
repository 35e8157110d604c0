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
children, which are read whole in any case, are reported as info. The time of the deletes is estimated by the sizes of
the tables; all keys to one table together take no more than the workload's DELETE statements did, where it has any.

## Source

PostgreSQL manual, Constraints: Foreign Keys
(https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK): "it is often a good idea to index
the referencing columns too".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pgwright.checks.deletes import time_of_deletes
from pgwright.checks.families import TableFamily, alone, families
from pgwright.figures import count, size
from pgwright.indexes.coverage import foreign_key_collations, is_served
from pgwright.indexes.names import conventional_name
from pgwright.model.change import CreateIndex
from pgwright.model.finding import Check, Evidence, Finding, Severity
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
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
    unserved: dict[tuple[QualifiedName, frozenset[str]], _Unserved] = {}
    for key in snapshot.foreign_keys:
        # A partition may have a key of its own.
        family = tables.get(key.table) or alone(snapshot.table_by_name[key.table])
        place = (key.table, frozenset(key.columns))
        if place not in unserved and key.is_enforced and not key.is_inherited and not is_served(snapshot, key):
            deleted = sum(leaf.rows_deleted for leaf in snapshot.leaves(key.referenced_table))
            unserved[place] = _Unserved(key, family, deleted)
    spent: dict[QualifiedName, float] = defaultdict(float)
    for one in unserved.values():
        spent[one.key.referenced_table] += one.spent_ms
    for one in unserved.values():
        table = one.key.referenced_table
        known = time_of_deletes(table, snapshot) if spent[table] else None
        # All keys together take no longer than the statements that delete.
        part = min(1.0, known / spent[table]) if known is not None else 1.0
        yield _finding(snapshot, one, part)


@dataclass(frozen=True)
class _Unserved:
    """A foreign key without an index."""

    key: ForeignKey
    family: TableFamily
    deleted: int
    """Rows deleted from the table that it refers to; for each the whole table was read."""

    @property
    def delete_ms(self) -> float:
        return self.family.heap_bytes / _BYTES_A_MS

    @property
    def spent_ms(self) -> float:
        return self.delete_ms * self.deleted


def _finding(snapshot: Snapshot, one: _Unserved, part: float) -> Finding:
    key, family, deleted = one.key, one.family, one.deleted
    worth = _worth(one, part, snapshot)
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


def _worth(one: _Unserved, part: float, snapshot: Snapshot) -> Worth | None:
    """Return what the deletes take that were counted, or the part of it that fits; None where there were none."""
    if not one.deleted:
        return None
    whole = sum(statement.total_ms for statement in snapshot.statements)
    saved = part * one.spent_ms
    # More than all statements together: their counters are younger than those of the tables, and tell no share.
    share = saved / whole if 0 < saved <= whole else 0.0
    return Worth(saved, part * one.delete_ms, share, snapshot.counted_seconds)


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
