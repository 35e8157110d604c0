"""How long the rows of a table are kept: by the word of the team, and by what the data show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgwright.checks.families import TableFamily, families
from pgwright.checks.time_marks import EARLIEST, TIME_TYPES, TimeMark, read_mark
from pgwright.model.names import QualifiedName, quote, quote_literal
from pgwright.model.policy import Policy
from pgwright.model.snapshot import Snapshot

# What a question assumes where nobody stated a retention: what most teams that soft-delete promise for recovery.
DEFAULT_RETENTION_DAYS = 90
# A nightly job leaves a day's worth behind, and half a day more when it is late.
EXPIRY_GRACE_DAYS = 2


@dataclass(frozen=True)
class KeptRows:
    """A column of moments, and what is known of the days that its rows are kept."""

    family: TableFamily
    column: str
    about: str
    mark: TimeMark
    days: int
    doubt: str
    """Why the data do not show that rows may go; "" where the team, or the data and the team, say so."""
    policies: str = ""
    """The app's own policies that delete them, `module:attribute`; "" where none do."""


def kept_rows(snapshot: Snapshot) -> Iterator[KeptRows]:
    """Yield the columns of moments that the policy names, by the column's name or with its table."""
    policy = snapshot.policy
    stated = {one.column: one.days for one in policy.retention}
    for family in families(snapshot).values():
        for column in family.head.columns:
            about = snapshot.describe(family.name, (column.name,))
            own = stated_days(policy, family.name, column.name)
            is_deletion, is_expiry = column.name in policy.soft_delete_columns, column.name in policy.expiry_columns
            if column.base_type not in TIME_TYPES or not (
                is_deletion or is_expiry or about in stated or own is not None
            ):
                continue
            mark = read_mark(snapshot, family, column.name)
            if own is not None and policy.stated is not None:
                # They run each night, so that a day's worth is always due.
                days = own + EXPIRY_GRACE_DAYS
                yield KeptRows(family, column.name, about, mark, days, "", policy.stated.name)
                continue
            if about in stated:
                days, doubt = stated[about], ""
            elif is_expiry:
                days, doubt = EXPIRY_GRACE_DAYS, "what expired may have to be kept: a licence, an order"
            elif policy.retention_days is None:
                days, doubt = DEFAULT_RETENTION_DAYS, mark.doubt or "nobody stated how long deleted rows are kept"
            else:
                days, doubt = policy.retention_days, mark.doubt
            yield KeptRows(family, column.name, about, mark, days, doubt)


def stated_days(policy: Policy, table: QualifiedName, column: str) -> int | None:
    """Return after how many days the app's own policies delete rows by a column; None: they do not."""
    found = policy.stated.columns if policy.stated is not None else ()
    return next(
        (
            one.days
            for one in found
            if (one.table, one.column) == (table.name, column) and one.schema in (None, table.schema)
        ),
        None,
    )


def deletion(place: KeptRows, most: int) -> str:
    """Return the DELETE of one batch of overdue rows."""
    family, column = place.family, quote(place.column)
    # A table that inherits from this one is another table, whose rows the finding did not count.
    table = str(family.name) if family.is_partitioned else f"ONLY {family.name}"
    # Without a primary key, a row's address names it; across partitions an address is not unique.
    keys = family.head.primary_key or (("tableoid", "ctid") if family.is_partitioned else ("ctid",))
    names = ", ".join(map(quote, keys))
    overdue = f"{column} BETWEEN '{EARLIEST:%Y-%m-%d}' AND now() - interval '{place.days} days'"
    if place.mark.sentinels:
        overdue += f" AND {column} NOT IN ({', '.join(quote_literal(one).strip() for one in place.mark.sentinels)})"
    batch = f"SELECT {names} FROM {table} WHERE {overdue} LIMIT {most}"  # noqa: S608 (names are quoted)
    # Asked again of each row: one that the DELETE waited for may have been restored meanwhile.
    return f"DELETE FROM {table} WHERE {overdue} AND ({names}) IN ({batch})"  # noqa: S608
