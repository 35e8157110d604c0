"""Find sequences that are about to run out.

## What it does

Compares the last value of every ascending sequence with the largest value that both it and its column can hold: the
column that owns it, or whose default draws from it. One that starts over (`CYCLE`) has no limit, one that feeds no
column stops no insert that we know of, and one that can give 2^53 values or more is not asked for its last: at a
million a second it lasts for 285 years.

## Why it matters

On the day the limit is reached, every insert that draws from it fails, and widening a large table then takes hours.

## Example

    CREATE TABLE event (id serial PRIMARY KEY);  -- ends at 2,147,483,647

Use instead:

    CREATE TABLE event (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);

## When it is wrong

Sequences whose values are few on purpose.

## Source

PostgreSQL manual, Numeric Types: Serial Types
(https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL) and ALTER SEQUENCE.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.references import References, components
from pgwright.checks.unread import remedy
from pgwright.checks.widening import obstacles, widened
from pgwright.figures import count, listing, share
from pgwright.model.change import Change
from pgwright.model.finding import Check, Evidence, Finding, Severity
from pgwright.model.names import quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Sequence

# Half is gone: the time it took to get here is what is left, at the same pace.
NOTICE_SHARE = 0.5
# Beyond these the widening should be on the calendar, and be done at once.
WARN_SHARE = 0.7
ALARM_SHARE = 0.9
_NARROW = ("int2", "int4")
_LARGEST = {2**15 - 1, 2**31 - 1, 2**63 - 1}


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    unread: list[Sequence] = []
    for sequence in snapshot.sequences:
        if sequence.increment < 0 or sequence.starts_over:
            continue
        if sequence.last_value is None:  # it was never used, unless its value is hidden
            unread += [sequence] if snapshot.unread("sequences", sequence.name) is not None else []
        elif sequence.last_value >= NOTICE_SHARE * sequence.limit:
            yield _finding(snapshot, sequence, sequence.last_value)
    if unread:
        yield CHECK.unexamined(
            "the role may not read the sequence",
            remedy(snapshot, "sequences", (sequence.name for sequence in unread), ""),
            about=listing([sequence.name.short for sequence in unread]),
        )


def _finding(snapshot: Snapshot, sequence: Sequence, last: int) -> Finding:
    used = last / sequence.limit if sequence.limit else 1.0  # it counts up from below 0, and has arrived
    severity: Severity = "high" if used >= ALARM_SHARE else "medium" if used >= WARN_SHARE else "low"
    is_fed = sequence.table is not None and sequence.column is not None
    feeds = snapshot.describe(sequence.table, (sequence.column,)) if sequence.table and sequence.column else "no column"
    return CHECK.found(
        sequence.name.short,
        f"{sequence.name.short} has used {share(used)} of its values; at the limit "
        + ("every insert that draws from it fails." if is_fed else "nextval fails."),
        severity=severity if is_fed else "low",
        evidence=[
            Evidence("last value", count(last)),
            Evidence("limit", count(sequence.limit)),
            Evidence("feeds", feeds),
        ],
        advice=_advice(snapshot, sequence),
        sql=_sql(snapshot, sequence),
        changes=_changes(snapshot, sequence),
    )


def _changes(snapshot: Snapshot, sequence: Sequence) -> list[Change]:
    """Return the change that widens the column that it feeds, and all that refer to it; none where `fix` must not."""
    if sequence.table is None or sequence.column is None or not _is_narrow(snapshot, sequence):
        return []
    if sequence.limit not in _LARGEST:  # it was stated, and a wider column would not raise it
        return []
    references = References(snapshot)
    own = references.owner(sequence.table, sequence.column)
    groups = components(references.declared, [own])
    group = next(one for one in groups if own in one)
    narrow = [name for name in group if snapshot.column(*name).base_type in _NARROW]
    return [] if any(obstacles(snapshot, references, narrow)) else [widened(snapshot, references, narrow, "bigint")]


def _advice(snapshot: Snapshot, sequence: Sequence) -> str:
    if not _is_narrow(snapshot, sequence):
        return "Raise the limit of the sequence, unless it is meant: nothing else is narrower."
    advice = (
        "Widen the column and the sequence to bigint, then the columns that refer to it (foreign-key-type-mismatch "
        "names them). It rewrites the table under an exclusive lock; a large table is better widened beside the "
        "running app: pgwright fix --online."
    )
    views = _views(snapshot, sequence)
    return f"{advice} {listing(views)} has to be dropped before and created again after it." if views else advice


def _is_narrow(snapshot: Snapshot, sequence: Sequence) -> bool:
    """Tell whether the column that it feeds holds less than a bigint."""
    if sequence.table is None or sequence.column is None:
        return False
    return snapshot.column(sequence.table, sequence.column).base_type in _NARROW


def _views(snapshot: Snapshot, sequence: Sequence) -> list[str]:
    """Return what keeps the column from changing its type."""
    found = snapshot.dependents_by_table.get(sequence.table, ()) if sequence.table else ()
    kinds = ("view", "materialized view", "rule")
    return sorted({one.name for one in found if one.kind in kinds and one.column == sequence.column})


def _sql(snapshot: Snapshot, sequence: Sequence) -> str:
    statements = []
    if sequence.table is not None and sequence.column is not None:
        column = snapshot.column(sequence.table, sequence.column)
        is_narrow = _is_narrow(snapshot, sequence)
        if column.domain is not None or (is_narrow and _views(snapshot, sequence)):
            return ""  # another type would lose the domain's rules; a view keeps its column from any other
        if is_narrow:
            statements.append(f"ALTER TABLE {sequence.table} ALTER COLUMN {quote(column.name)} TYPE bigint")
        if column.is_identity:
            if sequence.limit not in _LARGEST or (not is_narrow and sequence.limit < max(_LARGEST)):
                statements.append(f"ALTER TABLE {sequence.table} ALTER COLUMN {quote(column.name)} SET NO MAXVALUE")
            return ";\n".join(statements)
    # A limit that is not its type's stays when the type changes.
    end = "" if sequence.limit in _LARGEST else " NO MAXVALUE"
    return ";\n".join([*statements, f"ALTER SEQUENCE {sequence.name} AS bigint{end}"])


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "sequences", "dependents"),
    severity="medium",
    confidence="certain",
    find=find,
)
