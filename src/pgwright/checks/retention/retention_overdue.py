"""Find rows that outlived their purpose: past their expiry, or deleted long ago and still there.

## What it does

Estimates, from the histogram and the common values in `pg_stats`, how many rows of a table are past `expires_at`, and
how many were soft-deleted longer ago than the retention. No row is read. The policy may name other columns.

What the app's own policies state, those that `policies` in `[tool.pgwright]` names and `pgwright retain` runs, is the
team's word; a finding then says that they do not run, or cannot follow.

What may be deleted is the team's word, never a guess from a column's name. `retention` in `[tool.pgwright]` says for a
column how many days its rows are kept. `retention_days` says it for all soft-delete columns of which every sign in the
data shows that NULL means "lives": no NOT NULL, no default, rows without a value, no value that comes too often. For
any other column the finding is a question, with the line that answers it, and holds no DELETE.

Constants that stand for "never" (the default, `1000-01-01`, `epoch`, `infinity`, a value of many rows) count as no
moment, neither here nor in the DELETE.

## Why it matters

Dead weight makes every scan, index and backup larger. Personal data that was deleted but never erased is a breach of
the right to erasure (GDPR, article 17).

## Example

    DELETE FROM refresh_token WHERE expires_at < now();  -- once a year, 40 million rows in one transaction

Use instead:

    [tool.pgwright.retention]
    "refresh_token (expires_at)" = 2

    DELETE FROM ONLY refresh_token WHERE expires_at < now() - interval '2 days' AND id IN (
        SELECT id FROM ONLY refresh_token WHERE expires_at < now() - interval '2 days' LIMIT 10000);
    -- every night, until none is left; a row whose moment moves meanwhile stays

## When it is wrong

Rows that the law or an audit requires to be kept: licence keys, orders and ledgers expire and stay. The estimate is as
old as the last ANALYZE.

## Source

PostgreSQL manual, Row Estimation Examples
(https://www.postgresql.org/docs/current/row-estimation-examples.html): how shares follow from a histogram.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from pgwright.checks.ages import taken_at
from pgwright.checks.families import column_statistics
from pgwright.checks.questions import allowing, entry, text
from pgwright.checks.retention_advice import BATCH_ROWS, advise_deletion, is_indexed, referring
from pgwright.checks.retentions import KeptRows, deletion, kept_rows
from pgwright.checks.time_marks import describe_sentinels
from pgwright.checks.time_shares import share_between
from pgwright.checks.unread import remedy
from pgwright.figures import count, listing, share, size
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

# Fewer rows, or a smaller share, are not worth a job of their own.
FEWEST_ROWS = 1_000
LEAST_SHARE = 0.01
# Most of a large table is dead weight.
LARGE_SHARE = 0.5
LARGE_ROWS = 100_000


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    unknown: dict[str, QualifiedName] = {}
    for place in kept_rows(snapshot):
        if place.family.rows < FEWEST_ROWS:
            continue
        limit = taken_at(snapshot) - timedelta(days=place.days)
        part = _share_overdue(snapshot, place, limit)
        if part is None:
            unknown[place.about] = place.family.name
        elif part >= LEAST_SHARE and part * place.family.rows >= FEWEST_ROWS:
            yield _question(snapshot, place, part) if place.doubt else _finding(snapshot, place, part)
    if unknown:
        yield CHECK.unexamined(
            "the snapshot holds no sample values of these columns",
            remedy(snapshot, "statistics", unknown.values(), "ANALYZE the tables"),
            about=listing(list(unknown)),
        )
    yield from _unknown_entries(snapshot)
    yield from _unjudged_policies(snapshot)


def _unjudged_policies(snapshot: Snapshot) -> Iterator[NotExamined]:
    """Yield what the app's own policies state and statistics do not show, or that they could not be read."""
    stated = snapshot.policy.stated
    if stated is None:
        return
    if stated.unread:
        yield CHECK.unexamined(
            f"its policies could not be read: {stated.unread}",
            "run pgwright where the app is installed, from the folder that its modules are imported from",
            about=stated.name,
        )
    for name, reason in stated.others:
        yield CHECK.unexamined(reason, f"pgwright retain {stated.name} --dry-run counts them", about=name)
    known = {(place.family.name.name, place.column) for place in kept_rows(snapshot)}
    for one in stated.columns:
        if (one.table, one.column) not in known:
            yield CHECK.unexamined(
                f"a policy of {stated.name} names it, and the database has no such column of moments",
                f"pgwright retain {stated.name} --dry-run says what of it is due",
                about=f"{one.table} ({one.column})",
            )


def _unknown_entries(snapshot: Snapshot) -> Iterator[NotExamined]:
    """Yield the entries of `retention` that name no column of moments: a word that nobody would hear."""
    known = {place.about for place in kept_rows(snapshot)}
    for one in snapshot.policy.retention:
        if one.column not in known:
            yield CHECK.unexamined(
                "'retention' in [tool.pgwright] names it, and the database has no such column of moments",
                "name it as reports do: table (column)",
                about=one.column,
            )


def _share_overdue(snapshot: Snapshot, place: KeptRows, limit: datetime) -> float | None:
    """Return the share of rows whose moment has passed, without constants; None when the statistics do not say."""
    found = column_statistics(snapshot, place.family, place.column)
    parts = [share_between(row, place.mark, limit) for row in found]
    known = [part for part in parts if part is not None]
    return sum(known) / len(known) if known else None


def _question(snapshot: Snapshot, place: KeptRows, part: float) -> Finding:
    rows = part * place.family.rows
    return CHECK.found(
        place.about,
        f"Up to {count(rows)} rows of {place.family.name.short} may have outlived their purpose, and only the team "
        f"knows: {place.doubt}.",
        severity="low",
        confidence="possible",
        evidence=_evidence(snapshot, place, part),
        advice=f"If rows may go, state how many days they are kept: {entry(_setting(place))}. "
        f"If they have to stay: {entry(allowing(CHECK.name, place.about))}.",
    )


def _setting(place: KeptRows) -> str:
    return f"retention.{text(place.about)} = {place.days}"


def _finding(snapshot: Snapshot, place: KeptRows, part: float) -> Finding:
    family, column = place.family, place.column
    rows = part * family.rows
    is_deletion = column in snapshot.policy.soft_delete_columns
    purpose = f"were deleted more than {place.days} days ago" if is_deletion else f"are past {quote(column)}"
    return CHECK.found(
        place.about,
        f"About {count(rows)} rows of {family.name.short} {purpose} and are still there.",
        severity="high" if part >= LARGE_SHARE and rows >= LARGE_ROWS else None,
        evidence=_evidence(snapshot, place, part),
        advice=advise_deletion(snapshot, place),
        sql="" if place.policies else deletion(place, BATCH_ROWS),
    )


def _evidence(snapshot: Snapshot, place: KeptRows, part: float) -> Iterator[Evidence]:
    family = place.family
    yield Evidence("overdue rows", f"{count(part * family.rows)}, {share(part)} of the table", "estimated")
    yield Evidence("size of the table", size(family.total_bytes))
    yield Evidence("their share of it", size(part * family.total_bytes), "estimated")
    counted = f"{place.days} days after {place.column}"
    yield Evidence("counted as overdue", counted, "estimated" if place.doubt else "stated")
    if place.mark.sentinel_share > 0:
        yield Evidence("counted as no moment", describe_sentinels(place.mark))
    yield Evidence("index that begins with the column", "yes" if is_indexed(snapshot, place) else "none")
    if going := referring(snapshot, place, "cascade"):
        yield Evidence("rows that go with them, by ON DELETE CASCADE", listing(going))
    if emptied := [*referring(snapshot, place, "set null"), *referring(snapshot, place, "set default")]:
        yield Evidence("values that go with them, by ON DELETE SET NULL or SET DEFAULT", listing(emptied))


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "statistics", "foreign_keys"),
    severity="medium",
    confidence="likely",
    find=find,
)
