"""Find parents whose deletion is left to the app, child by child.

## What it does

Lists, for each referenced table, the foreign keys that neither delete nor detach the referring rows. Whether children
go with their parent is the team's word, so the finding is a question: `fix` writes the change of the keys that
`cascade` in `[tool.pgwright]` names, when you ask for it by `--only`, and of no others. Temporal keys (`PERIOD`) are
left out: they know no such action.

## Why it matters

Without `ON DELETE CASCADE` an ORM loads all children to delete them one by one, and a delete that forgets one table
fails. The database does it in one statement for each table.

## Example

    notebook_id: Mapped[UUID] = mapped_column(ForeignKey("notebook.id"))
    sources: Mapped[list[Source]] = relationship(cascade="all, delete-orphan")

Use instead:

    [tool.pgwright]
    cascade = ["source (notebook_id)"]

    notebook_id: Mapped[UUID] = mapped_column(ForeignKey("notebook.id", ondelete="CASCADE"))
    sources: Mapped[list[Source]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

## When it is wrong

Where a parent must not disappear while something refers to it: invoices of a customer, for example.

## Source

PostgreSQL manual, Constraints: Foreign Keys
(https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK) and
SQLAlchemy, Using foreign key ON DELETE cascade with ORM relationships.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.checks.families import families
from pgwright.checks.questions import entry
from pgwright.checks.questions import listing as listed
from pgwright.figures import count, listing
from pgwright.model.change import CascadeDelete
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey, Table

# A finding names at most so many keys; its changes hold them all.
MOST_NAMES = 12

# What pg_get_constraintdef may print after the actions.
_TAIL = re.compile(
    r"(?: ON DELETE (?:NO ACTION|RESTRICT))?"
    r"((?: NOT DEFERRABLE| DEFERRABLE| INITIALLY DEFERRED| NOT VALID| NOT ENFORCED)*)\Z"
)


def find(snapshot: Snapshot) -> Iterator[Finding]:
    by_parent: dict[QualifiedName, list[ForeignKey]] = {}
    for key in snapshot.foreign_keys:
        # Temporal keys know no other action.
        is_checked = key.is_enforced and not key.is_inherited
        if is_checked and not key.is_temporal and key.on_delete in ("no action", "restrict"):
            by_parent.setdefault(key.referenced_table, []).append(key)
    for parent, keys in sorted(by_parent.items()):
        yield _finding(snapshot, snapshot.table_by_name[parent], keys)


def _finding(snapshot: Snapshot, parent: Table, keys: list[ForeignKey]) -> Finding:
    family = families(snapshot).get(parent.name)
    deleted = sum(leaf.rows_deleted for leaf in family.leaves) if family else parent.rows_deleted
    children = [snapshot.describe(key.table, key.columns) for key in keys]
    named = list(dict.fromkeys(children))  # a key may be declared twice
    return CHECK.found(
        parent.name.short,
        f"Deleting from {parent.name.short} fails while rows of {listing(named, most=3)} refer to it.",
        evidence=[
            Evidence("referring columns", listing(named, most=MOST_NAMES)),
            Evidence("rows deleted from it", count(deleted)),
        ],
        advice="Where children belong to their parent, let the database delete them: ON DELETE CASCADE, and "
        "passive_deletes=True in the relationship. Where they only mention it, ON DELETE SET NULL. Where it must not "
        "go before them, leave it. So that `fix` writes it on request, name those that belong to it "
        f"{entry(listed('cascade', *named[:MOST_NAMES]))}.",
        changes=[cascading(key) for key, child in zip(keys, children, strict=True) if child in snapshot.policy.cascade],
    )


def cascading(key: ForeignKey) -> CascadeDelete:
    """Return the change after which a key deletes with its parent."""
    definition = _TAIL.sub(r" ON DELETE CASCADE\1", key.definition, count=1)
    return CascadeDelete(key.name, key.table, key.columns, key.referenced_table, key.definition, definition)


CHECK = Check(
    __name__, reads=Snapshot, needs=("tables", "foreign_keys"), severity="info", confidence="certain", find=find
)
