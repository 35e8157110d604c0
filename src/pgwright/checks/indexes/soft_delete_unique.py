"""Find unique indexes that still count rows marked as deleted, and ask whether they should.

## What it does

Reports a unique index or constraint, other than the primary key, of a table with a soft-delete column, when the index
covers the deleted rows too. Keys that the database generates itself are left out: nobody uses such a value twice.

Whether a value may come again after its row was deleted is the team's word: an address may, a token, an invoice number
or the id of another system must not. So the finding is a question. `fix` makes an index partial where
`unique_among_living` in `[tool.pgwright]` names it, and nothing stands in the way: a foreign key that refers to it, a
statement of the workload with ON CONFLICT on its columns, a function that names its table and has an ON CONFLICT, a
deferrable constraint, a partitioned table, a replica identity, a column that is NOT NULL or has a default.

## Why it matters

A user who deleted an account cannot register the same address again; a renamed notebook cannot take the name of one in
the bin. The app sees an error for a row that nobody can see.

## Example

    email: Mapped[str] = mapped_column(unique=True)
    deleted_at: Mapped[datetime | None]

Use instead:

    [tool.pgwright]
    unique_among_living = ["users_email_key"]

    __table_args__ = (
        Index("ix_users_email_living", "email", unique=True, postgresql_where=text("deleted_at IS NULL")),
    )

## When it is wrong

Values that must never be used again even after deletion: leave the index as it is, and `allow` the finding.

## Source

PostgreSQL manual, Partial Indexes, example 11.3: Setting up a Partial Unique Index
(https://www.postgresql.org/docs/current/indexes-partial.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgwright.checks.families import TableFamily, index_families
from pgwright.checks.questions import allowing, entry
from pgwright.checks.questions import listing as setting
from pgwright.checks.soft_delete import deleted_share, is_living, mentions, soft_deleting
from pgwright.checks.time_marks import cannot_mark
from pgwright.checks.unread import hides_statements
from pgwright.figures import count, listing, share
from pgwright.indexes.names import conventional_name
from pgwright.model.change import UniqueAmongLiving
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import Index, IndexDefinition
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.workload.upserts import functions_that_may_rely_on, relying_on


@dataclass(frozen=True)
class _Place:
    """A unique index over all rows of a table with a soft-delete column."""

    family: TableFamily
    column: str
    index: Index

    @property
    def keys(self) -> str:
        return ", ".join(key.sql() for key in self.index.definition.keys)

    def living(self, snapshot: Snapshot) -> IndexDefinition:
        """Return the index over the living rows."""
        definition, condition = self.index.definition, is_living(self.column)
        columns = tuple(key.column or "expression" for key in definition.keys)
        return replace(
            definition,
            name=conventional_name(snapshot, self.family.name, columns, "living"),
            predicate=f"({definition.predicate}) AND {condition}" if definition.predicate else condition,
        )


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    for place in _places(snapshot):
        if place.index.name.short in snapshot.policy.unique_among_living:
            yield _finding(snapshot, place)
        elif not cannot_mark(place.family.head.column_by_name[place.column]):
            yield _question(snapshot, place)
    known = {index.name.short for index in snapshot.indexes}
    for about in snapshot.policy.unique_among_living:
        if about not in known:
            yield CHECK.unexamined(
                "'unique_among_living' in [tool.pgwright] names it, and the database has no such index", about=about
            )


def _places(snapshot: Snapshot) -> Iterator[_Place]:
    for family, column in soft_deleting(snapshot):
        for index in index_families(snapshot).get(family.name, ()):
            if _counts_deleted(index.head, column) and not _is_generated(family, index.head):
                yield _Place(family, column, index.head)


def _counts_deleted(index: Index, column: str) -> bool:
    definition = index.definition
    keys = [key.column or key.expression for key in definition.keys]
    is_candidate = definition.is_unique and index.is_valid and not index.is_primary
    return is_candidate and not any(mentions(text, column) for text in (definition.predicate, *keys))


def _is_generated(family: TableFamily, index: Index) -> bool:
    """Tell whether the database itself makes the values, so that none comes twice."""
    columns = index.definition.columns
    first = family.head.column_by_name[columns[0]] if len(columns) == len(index.definition.keys) == 1 else None
    return first is not None and (first.is_identity or first.default is not None)


def _question(snapshot: Snapshot, place: _Place) -> Finding:
    about, obstacle = place.index.name.short, _obstacle(snapshot, place)
    return CHECK.found(
        about,
        f"{about} keeps ({place.keys}) of {place.family.name.short} unique among deleted rows too. Whether a value may "
        "be used again after its row was deleted, only the team knows.",
        severity="info",
        confidence="possible",
        evidence=_evidence(snapshot, place),
        advice=f"If it must never come again, like a token or an invoice number: {entry(allowing(CHECK.name, about))}. "
        + (f"If it may: {entry(setting('unique_among_living', about))}." if not obstacle else f"If it may: {obstacle}"),
    )


def _finding(snapshot: Snapshot, place: _Place) -> Finding:
    index, about, obstacle = place.index, place.index.name.short, _obstacle(snapshot, place)
    living = place.living(snapshot)
    return CHECK.found(
        about,
        f"{about} keeps ({place.keys}) of {place.family.name.short} unique among deleted rows too: a deleted row "
        "blocks its value, which may be used again.",
        evidence=_evidence(snapshot, place),
        advice=obstacle or f"Replace it by {living.sql()}.",
        changes=() if obstacle else [UniqueAmongLiving(index.name, index.constraint, index.sql, living)],
        queries=relying_on(index, snapshot),
    )


def _evidence(snapshot: Snapshot, place: _Place) -> Iterator[Evidence]:
    deleted, upserting = deleted_share(snapshot, place.family, place.column), relying_on(place.index, snapshot)
    yield Evidence("definition", place.index.sql)
    yield Evidence("rows", count(place.family.rows))
    yield Evidence("rows marked as deleted", "unknown" if deleted is None else share(deleted), "estimated")
    if upserting:
        yield Evidence("statements with ON CONFLICT", count(len(upserting)))


def _obstacle(snapshot: Snapshot, place: _Place) -> str:
    """Return why the index cannot become partial, as advice; "" when it can."""
    family, index = place.family, place.index
    referring = [
        snapshot.describe(key.table, key.columns)
        for key in snapshot.foreign_keys
        if key.referenced_table == family.name and set(key.referenced_columns) == set(index.definition.columns)
    ]
    if referring:
        return (
            f"it cannot become partial while {listing(referring, most=3)} refers to it by a foreign key. Let that key "
            "refer to the primary key first, or change the value when a row is deleted."
        )
    if hides_statements(snapshot):
        return "not all of the workload could be read, and a statement with ON CONFLICT may rely on it."
    named = f"name the condition too, WHERE {is_living(place.column)}, when a partial index is there beside this one"
    if relying_on(index, snapshot):
        return f"statements with ON CONFLICT ({place.keys}) would fail. Let them {named}; then drop this one."
    if functions := functions_that_may_rely_on(index, snapshot):
        found = f"an ON CONFLICT ({place.keys}) in the body of {listing(functions, most=3)} would fail"
        return f"{found}. See whether there is one; let it {named}; then drop this one."
    if doubt := cannot_mark(family.head.column_by_name[place.column]):
        return f"{quote(place.column)} IS NULL is not what a living row shows: {doubt}. Make it partial by hand."
    if family.is_partitioned:
        return "a partitioned table cannot get a unique index concurrently. Replace it in a quiet hour, by hand."
    unfit = (
        (index.definition.is_deferrable, "its constraint is deferrable, which no partial index is"),
        (index.is_replica_identity, "it is the replica identity of its table, which covers all rows"),
        (index.definition.method != "btree", "it is no B-tree"),
    )
    return next((f"{reason}. Replace it by hand." for is_so, reason in unfit if is_so), "")


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "foreign_keys"),
    severity="medium",
    confidence="likely",
    find=find,
)
