"""Find rows that outlived their purpose: past their expiry, or deleted long ago and still there.

## What it does

Estimates, from the histogram and the common values in `pg_stats`, how many rows of a table are past `expires_at`, and
how many were soft-deleted longer ago than the retention. No row is read. The policy may name other columns and another
retention; where nobody stated one, 90 days are assumed and the finding says so.

## Why it matters

Dead weight makes every scan, index and backup larger. Personal data that was deleted but never erased is a breach of
the right to erasure (GDPR, article 17).

## Example

    DELETE FROM refresh_token WHERE expires_at < now();  -- once a year, 40 million rows in one transaction

Use instead:

    DELETE FROM refresh_token WHERE id IN (
        SELECT id FROM refresh_token WHERE expires_at < now() LIMIT 10000);  -- every night, until none is left

## When it is wrong

Rows that the law or an audit requires to be kept. The estimate is as old as the last ANALYZE.

## Source

PostgreSQL manual, Row Estimation Examples
(https://www.postgresql.org/docs/current/row-estimation-examples.html): how shares follow from a histogram.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from pgwright.checks.ages import FAR_FUTURE, FAR_PAST, moment, taken_at
from pgwright.checks.families import TableFamily, column_statistics, families
from pgwright.checks.unread import remedy
from pgwright.figures import count, listing, share, size
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics

# What most teams that soft-delete promise for recovery; assumed only where nobody stated a retention.
DEFAULT_RETENTION_DAYS = 90
# A nightly job leaves a day's worth behind, and half a day more when it is late.
EXPIRY_GRACE_DAYS = 2
# Fewer rows, or a smaller share, are not worth a job of their own.
FEWEST_ROWS = 1_000
LEAST_SHARE = 0.01
# Most of a large table is dead weight.
LARGE_SHARE = 0.5
LARGE_ROWS = 100_000
# Short enough to hold no lock for long, large enough to get done.
BATCH_ROWS = 10_000
_TIME_TYPES = {"timestamptz", "timestamp", "date"}


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    policy = snapshot.policy
    retention = DEFAULT_RETENTION_DAYS if policy.retention_days is None else policy.retention_days
    limits = {
        **dict.fromkeys(policy.expiry_columns, EXPIRY_GRACE_DAYS),
        **dict.fromkeys(policy.soft_delete_columns, retention),
    }
    unknown: dict[str, QualifiedName] = {}
    for family in families(snapshot).values():
        for name, days in limits.items():
            column = family.head.column_by_name.get(name)
            if column is None or column.base_type not in _TIME_TYPES or family.rows < FEWEST_ROWS:
                continue
            part = _share_before(snapshot, family, name, taken_at(snapshot) - timedelta(days=days))
            if part is None:
                unknown[snapshot.describe(family.name, (name,))] = family.name
            elif part >= LEAST_SHARE and part * family.rows >= FEWEST_ROWS:
                yield _finding(snapshot, family, name, days, part)
    if unknown:
        yield CHECK.unexamined(
            "the snapshot holds no sample values of these columns",
            remedy(snapshot, "statistics", unknown.values(), "ANALYZE the tables"),
            about=listing(list(unknown)),
        )


def _share_before(snapshot: Snapshot, family: TableFamily, column: str, limit: datetime) -> float | None:
    """Return the share of rows before a moment; None when the statistics do not say."""
    found = column_statistics(snapshot, family, column)
    parts = [share_before(row, limit) for row in found]
    known = [part for part in parts if part is not None]
    return sum(known) / len(known) if known else None


def share_before(statistics: ColumnStatistics, limit: datetime) -> float | None:
    """Return the share of all rows whose value lies before a moment, in [0, 1]; None without values.

    Common values count by their frequency. The rest is spread evenly over the histogram's bins, and within the bin
    that the limit falls into.
    """
    if statistics.null_fraction == 1:
        return 0.0
    frequencies = statistics.common_frequencies or ()
    common = list(zip(map(moment, statistics.common_values or ()), frequencies, strict=True))
    bounds = [bound for bound in map(moment, statistics.histogram or ()) if bound is not None]
    if not common and len(bounds) < 2:
        return None
    rest = max(0.0, 1 - statistics.null_fraction - sum(frequencies)) if len(bounds) >= 2 else 0.0
    return sum(part for at, part in common if at is not None and at < limit) + rest * _position(bounds, limit)


def _position(bounds: list[datetime], limit: datetime) -> float:
    """Return how far into an equi-depth histogram a moment lies, in [0, 1]."""
    below = sum(bound < limit for bound in bounds)
    if len(bounds) < 2 or below == 0:
        return 0.0
    if below == len(bounds):
        return 1.0
    low, high = bounds[below - 1], bounds[below]
    # As the planner does: half of a bin that has no end.
    within = 0.5 if low == FAR_PAST or high == FAR_FUTURE else (limit - low) / (high - low)
    return (below - 1 + within) / (len(bounds) - 1)


def _finding(snapshot: Snapshot, family: TableFamily, column: str, days: int, part: float) -> Finding:
    is_expiry = column in snapshot.policy.expiry_columns
    about = snapshot.describe(family.name, (column,))
    rows = part * family.rows
    is_assumed = not is_expiry and snapshot.policy.retention_days is None
    indexes = snapshot.indexes_by_table.get(family.name, ())
    is_indexed = any(index.definition.columns[:1] == (column,) for index in indexes)
    purpose = "expired" if is_expiry else f"were deleted more than {days} days ago"
    return CHECK.found(
        about,
        f"About {count(rows)} rows of {family.name.short} {purpose} and are still there.",
        severity="high" if part >= LARGE_SHARE and rows >= LARGE_ROWS else None,
        evidence=[
            Evidence("overdue rows", f"{count(rows)}, {share(part)} of the table", "estimated"),
            Evidence("size of the table", size(family.total_bytes)),
            Evidence("their share of it", size(part * family.total_bytes), "estimated"),
            Evidence(
                "counted as overdue",
                f"{days} days after {column}"
                + (" (assumed: state retention_days in [tool.pgwright])" if is_assumed else ""),
                "estimated" if is_expiry or is_assumed else "stated",
            ),
            Evidence("index that begins with the column", "yes" if is_indexed else "none"),
        ],
        advice=f"Delete in batches of {count(BATCH_ROWS)} rows, each in its own transaction, on a schedule: run the "
        "statement until it deletes nothing."
        + ("" if is_indexed else f" An index on {quote(column)} spares each batch a scan of the table.")
        + (" Partitions by time, dropped when due, are cheaper still for large tables."),
        sql=_batch(family, column, days),
    )


def _batch(family: TableFamily, column: str, days: int) -> str:
    # Without a primary key, a row's address names it; across partitions an address is not unique.
    keys = family.head.primary_key or (("tableoid", "ctid") if family.is_partitioned else ("ctid",))
    names = ", ".join(map(quote, keys))
    overdue = f"{quote(column)} < now() - interval '{days} days'"
    batch = f"SELECT {names} FROM {family.name} WHERE {overdue} LIMIT {BATCH_ROWS}"  # noqa: S608 (names are quoted)
    return f"DELETE FROM {family.name} WHERE ({names}) IN ({batch})"  # noqa: S608


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "statistics"),
    severity="medium",
    confidence="likely",
    find=find,
)
