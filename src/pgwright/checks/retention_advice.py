"""What to do about rows that outlived their purpose, and what stands in the way of deleting them."""

from __future__ import annotations

from pgwright.checks.retentions import EXPIRY_GRACE_DAYS, KeptRows
from pgwright.figures import count, listing
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ReferentialAction

# Short enough to hold no lock for long, large enough to get done.
BATCH_ROWS = 10_000


def advise_deletion(snapshot: Snapshot, place: KeptRows) -> str:
    """Return how to delete them: by the app's own policies where it states any, else by hand."""
    return _retain(place) if place.policies else _by_hand(snapshot, place)


def _retain(place: KeptRows) -> str:
    """Return what to do where the app states its policies itself."""
    return (
        f"Run pgwright retain {place.policies} each night, or its run() in the app's own scheduler: it deletes in "
        "batches of bounded time, and gives way to replicas, locks and vacuum. If it runs, see whether it ends before "
        "all is gone: the policies keep these rows for "
        f"{place.days - EXPIRY_GRACE_DAYS} days, and {EXPIRY_GRACE_DAYS} more are allowed for a late run."
    )


def _by_hand(snapshot: Snapshot, place: KeptRows) -> str:
    refusing = [*referring(snapshot, place, "no action"), *referring(snapshot, place, "restrict")]
    by_batches = (
        f"Delete in batches of {count(BATCH_ROWS)} rows, each in its own transaction, on a schedule: run the statement "
        "until it deletes nothing."
    )
    index = f"An index on {quote(place.column)} spares each batch a scan of the table."
    refused = (
        f"A batch with a row to which {listing(refusing)} refers fails as a whole: delete the rows there first, or "
        "leave such rows out."
    )
    sentences = [
        by_batches,
        "" if is_indexed(snapshot, place) else index,
        "Partitions by time, dropped when due, are cheaper still for large tables.",
        refused if refusing else "",
    ]
    return " ".join(filter(None, sentences))


def referring(snapshot: Snapshot, place: KeptRows, on_delete: ReferentialAction) -> list[str]:
    """Return the columns that refer to these rows by a foreign key with this action."""
    return [
        snapshot.describe(key.table, key.columns)
        for key in snapshot.foreign_keys
        if (key.referenced_table, key.on_delete) == (place.family.name, on_delete)
        and key.is_enforced
        and not key.is_inherited
    ]


def is_indexed(snapshot: Snapshot, place: KeptRows) -> bool:
    """Tell whether an index begins with the column of moments."""
    indexes = snapshot.indexes_by_table.get(place.family.name, ())
    return any(index.definition.columns[:1] == (place.column,) for index in indexes)
