"""Find text columns that hold UUIDs and serve as keys or references.

## What it does

Reports columns of type `varchar`, `text` or `char` whose every sample value in `pg_stats` is a UUID as PostgreSQL
writes it, small letters and hyphens, when the column is part of a primary key, one end of a foreign key, or a reference
that no constraint declares (`…_id`). 32 digits are left alone: an MD5 looks the same. Columns that refer to one
another, or that a statement of the workload compares, are one finding, for they can only change their type together:
where one of them holds something else, none is reported. No row is read.

`fix` converts nothing that a statement of the workload computes with (`lower(id)`, `id LIKE $1`, `id = md5($1)`), and
no column of a domain.

## Why it matters

A UUID is 16 bytes. Its text is 36 characters: 37 bytes in the row, and 48 bytes an entry in each index instead of 24.
Indexes are twice as large, fewer of their pages stay in memory, and every comparison is one of strings under a
collation. Text also accepts what is no UUID, and the same UUID in two spellings.

## Example

    class Notebook(Base):
        id: Mapped[str] = mapped_column(String(255), primary_key=True, default=lambda: str(uuid4()))

Use instead:

    class Notebook(Base):
        id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)

## When it is wrong

The statistics hold a sample. A rare value that is no UUID may be missing from it; the conversion then refuses and
changes nothing. An app that binds the column as text has to change in the same release.

## Source

PostgreSQL manual, UUID Type (https://www.postgresql.org/docs/current/datatype-uuid.html) and
Database Page Layout (https://www.postgresql.org/docs/current/storage-page-layout.html).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgwright.checks.references import ColumnName, References, detached
from pgwright.checks.unread import hides_statements, remedy
from pgwright.checks.uuid_columns import TextColumn, text_groups
from pgwright.figures import count, listing, size
from pgwright.model.change import ColumnConversion, ConvertColumns
from pgwright.model.finding import Check, Evidence, Finding, Severity
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import gist
from pgwright.workload.uses import computing_statements

# sizeof(pg_uuid_t).
UUID_BYTES = 16
# IndexTupleData, and MAXALIGN on all 64-bit platforms: what every entry of an index adds and is rounded up to.
ENTRY_HEADER_BYTES = 8
ALIGNMENT_BYTES = 8
# Below this many rows in all tables together, nobody feels the difference.
SMALL_ROWS = 1_000
# So much memory is worth a quiet hour even where no foreign key is involved.
LARGE_SAVING_BYTES = 10 * 1024 * 1024
# A finding names at most so many columns: all of them in all but the largest schemas.
MOST_NAMES = 30


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    references = References(snapshot)
    referring = Counter(target for _, target in references.declared)
    unknown: list[TextColumn] = []
    for group in text_groups(snapshot, references):
        if not all(column.holds_only_uuids for column in group):
            continue
        hidden = [one for one in group if not one.is_known or snapshot.unread("statistics", one.name[0])]
        if hidden:
            unknown += hidden
        elif any(column.values for column in group):
            yield _finding(snapshot, group, references, referring)
    if unknown:
        yield CHECK.unexamined(
            "the snapshot holds no sample values of these columns: their tables were never analyzed, the role may "
            "not read them, or the values were left out",
            remedy(snapshot, "statistics", (column.name[0] for column in unknown), "ANALYZE the tables"),
            about=listing([_describe(snapshot, column) for column in unknown]),
        )


def _finding(
    snapshot: Snapshot, group: list[TextColumn], references: References, referring: Counter[ColumnName]
) -> Finding:
    # The column that most keys refer to gives the finding its name.
    root = max(group, key=lambda column: (referring[column.name], _is_primary(column), column.rows))
    keys = references.keys_at(column.name for column in group)
    saved = sum(_saved_bytes(snapshot, column) for column in group)
    others = len(group) - 1
    tied = f" and in {count(others)} column{'s' * (others > 1)} tied to it" if others else ""
    obstacle = next(_obstacles(snapshot, group, references), "")
    return CHECK.found(
        _describe(snapshot, root),
        f"UUIDs are kept as text in {_describe(snapshot, root)}{tied}. As uuid they would take {size(saved)} less.",
        severity="low" if obstacle else _severity(group, len(keys), saved),
        confidence="possible" if obstacle else None,
        evidence=_evidence(snapshot, group, len(keys), saved),
        advice=f"{obstacle} Change that first, then convert all these columns to uuid in one transaction."
        if obstacle
        else "Convert all these columns to uuid in one transaction, and change the models in the same release. "
        "The tables are rewritten under an exclusive lock: plan it for a quiet hour.",
        changes=[]
        if obstacle
        else [
            ConvertColumns(
                tuple(
                    ColumnConversion(
                        table=column.name[0],
                        column=column.name[1],
                        from_type=snapshot.column(*column.name).type,
                        to_type="uuid",
                        default=snapshot.column(*column.name).default,
                        uuid_format="hyphenated",
                        table_bytes=column.family.total_bytes,
                    )
                    for column in group
                ),
                detached(keys),
            )
        ],
    )


def _obstacles(snapshot: Snapshot, group: list[TextColumn], references: References) -> Iterator[str]:
    """Yield why these columns must stay text, as sentences."""
    names = {column.name for column in group}
    for name in sorted(names):
        if (domain := snapshot.column(*name).domain) is not None:
            yield f"{snapshot.describe(name[0], (name[1],))} is of the domain {domain.short}, and would lose it."
    for (table, column), statements in computing_statements(snapshot).items():
        if references.owner(table, column) in names:
            yield f"A statement computes with {snapshot.describe(table, (column,))}: {gist(statements[0].text)}."
    if hides_statements(snapshot):
        yield "Not all of the workload could be read, and a statement may compute with one of them."


def _severity(group: list[TextColumn], keys: int, saved: float) -> Severity:
    if sum(column.rows for column in group) < SMALL_ROWS:
        return "low"
    return "medium" if keys or saved >= LARGE_SAVING_BYTES else "low"


def _evidence(snapshot: Snapshot, group: list[TextColumn], keys: int, saved: float) -> Iterator[Evidence]:
    filled = [column for column in group if column.values]
    tables = {column.family.name: column.family for column in group}
    yield Evidence("columns", listing([_describe(snapshot, column) for column in group], most=MOST_NAMES))
    yield Evidence("foreign keys at them", count(keys))
    yield Evidence("sample values, all UUIDs", count(sum(len(column.values) for column in filled)))
    if len(filled) < len(group):
        bare = [_describe(snapshot, column) for column in group if not column.values]
        yield Evidence("without sample values", listing(bare, most=MOST_NAMES))
    yield Evidence("tables to rewrite", size(sum(family.total_bytes for family in tables.values())))
    yield Evidence("saved in rows and indexes", size(saved), "estimated")


def _saved_bytes(snapshot: Snapshot, column: TextColumn) -> float:
    """Estimate what a column saves in the rows and in every index that holds it."""
    table, name = column.name
    saved = column.rows * (column.width - UUID_BYTES)
    for index in snapshot.indexes_by_table.get(table, ()):
        keys = [key.column for key in index.definition.keys]
        if name in (*keys, *index.definition.include):
            # A B-tree keeps equal keys once: a non-unique index of one column has about one entry a value.
            is_shared = len(keys) == 1 and not index.definition.is_unique and column.distinct > 0
            entries = min(column.rows, column.distinct) if is_shared else column.rows
            saved += entries * (_entry_bytes(column.width) - _entry_bytes(UUID_BYTES))
    return max(saved, 0.0)


def _entry_bytes(key_bytes: float) -> float:
    return -(-(ENTRY_HEADER_BYTES + key_bytes) // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _is_primary(column: TextColumn) -> bool:
    return column.name[1] in column.family.head.primary_key


def _describe(snapshot: Snapshot, column: TextColumn) -> str:
    return snapshot.describe(column.name[0], (column.name[1],))


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "foreign_keys", "statistics"),
    severity="medium",
    confidence="likely",
    find=find,
    spans_keys=True,
)
