"""Find foreign keys that say the same as another one of their table.

## What it does

Reports a foreign key that ties the same columns to the same columns as another key of the table, which then is kept:
the validated one, or the one whose name comes first.

## Why it matters

Each insert and each update of the key looks the parent up twice, and locks it twice; each delete of a parent looks for
its children twice. Where the two differ in what a delete does, which of them counts is a matter of their names.

## Example

    ALTER TABLE message ADD FOREIGN KEY (talk_id) REFERENCES talk;
    ALTER TABLE message ADD CONSTRAINT fk_message_talk FOREIGN KEY (talk_id) REFERENCES talk (id);

Use instead:

    ALTER TABLE message DROP CONSTRAINT message_talk_id_fkey;

## When it is wrong

While a key is replaced by another one: NOT VALID first, then the old one goes.

## Source

PostgreSQL manual, Constraints: Foreign Keys (https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import count
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey

Place = tuple[QualifiedName, frozenset[tuple[str, str]], QualifiedName]


def find(snapshot: Snapshot) -> Iterator[Finding]:
    grouped: dict[Place, list[ForeignKey]] = {}
    for key in snapshot.foreign_keys:
        if key.is_enforced and not key.is_inherited and not key.is_temporal:
            pairs = frozenset(zip(key.columns, key.referenced_columns, strict=True))
            grouped.setdefault((key.table, pairs, key.referenced_table), []).append(key)
    for keys in grouped.values():
        kept, *others = sorted(keys, key=lambda key: (not key.is_validated, key.name))
        for key in others:
            yield _finding(snapshot, key, kept)


def _finding(snapshot: Snapshot, key: ForeignKey, kept: ForeignKey) -> Finding:
    table = snapshot.table_by_name[key.table]
    is_same = _effects(key) == _effects(kept)
    return CHECK.found(
        f"{key.table.short} ({quote(key.name)})",
        f"The foreign keys {quote(key.name)} and {quote(kept.name)} of {key.table.short} tie the same columns"
        + ("." if is_same else ", and differ in what they do."),
        confidence=None if is_same else "likely",
        evidence=[
            Evidence(quote(key.name), key.definition),
            Evidence(quote(kept.name), kept.definition),
            Evidence("rows inserted", count(table.rows_inserted)),
        ],
        advice=f"Drop {quote(key.name)}." if is_same else "Keep the one that does what is meant, and drop the other.",
        sql=f"ALTER TABLE {key.table} DROP CONSTRAINT {quote(key.name)}" if is_same else "",
    )


def _effects(key: ForeignKey) -> tuple[str, str, bool]:
    """Return what a key does: on delete, on update, and whether at the commit only."""
    return key.on_delete, key.on_update, "DEFERRABLE" in key.definition.replace("NOT DEFERRABLE", "")


CHECK = Check(
    __name__, reads=Snapshot, needs=("tables", "foreign_keys"), severity="low", confidence="certain", find=find
)
