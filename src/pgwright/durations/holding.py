"""How long a lock is held: from its statement to the end of the transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgwright.model.migration import ObservedStatement, PendingMigrations, SecondsRange
from pgwright.model.names import QualifiedName

_MOST_RATIO = 3.0


def transaction_of(pending: PendingMigrations, statement: ObservedStatement) -> tuple[ObservedStatement, ...]:
    """Return the statements of the transaction that a statement is in; itself alone, if `pending` does not have it."""
    for direction in _directions(pending):
        for transaction in direction:
            if any(one is statement for one in transaction):
                return transaction
    return (statement,)


def _directions(pending: PendingMigrations) -> Iterator[tuple[tuple[ObservedStatement, ...], ...]]:
    for revision in pending.revisions:
        yield revision.upgrade.transactions
        if revision.downgrade is not None:
            yield revision.downgrade.transactions


def held_seconds(
    pending: PendingMigrations, statement: ObservedStatement, transaction: Sequence[ObservedStatement]
) -> SecondsRange | None:
    """Return how long the locks of a statement are held; None where it, or one after it, works for an unknown time."""
    places = [number for number, one in enumerate(transaction) if one is statement]
    total = SecondsRange(0.0, 0.0)
    for one in transaction[places[0] :] if places else (statement,):
        if one.seconds is not None:
            total = SecondsRange(total.low + one.seconds.low, total.high + one.seconds.high)
        elif _works_unknown(pending, one):
            return None
    return SecondsRange(max(total.low, total.high / _MOST_RATIO), total.high)


def worked_on(statement: ObservedStatement) -> frozenset[QualifiedName]:
    """Return the tables whose rows a statement reads, writes or indexes."""
    found = {*statement.rewritten, *statement.scanned}
    if statement.built or any(one.kind in _MOVES_ROWS for one in statement.actions):
        found |= {lock.table for lock in statement.locks if not lock.is_new}
    return frozenset(found)


_MOVES_ROWS = (
    "insert", "update", "delete", "merge", "copy", "do", "call", "create table as", "create materialized view",
    "refresh materialized view",
)  # fmt: skip


def _works_unknown(pending: PendingMigrations, statement: ObservedStatement) -> bool:
    """Tell whether a statement without seconds may work long: on a table that is not new, of unknown size or work."""
    new = {name for revision in pending.revisions for name in revision.new_tables}
    return bool(worked_on(statement) - new)
