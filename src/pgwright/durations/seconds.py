"""Put to each statement of a migration how long it works."""

from __future__ import annotations

from dataclasses import replace

from pgwright.durations.statement import statement_seconds
from pgwright.model.migration import Direction, PendingMigrations
from pgwright.model.rates import Rates

# Less than this nobody waits for, however slow the machine.
_LONG_SECONDS = 0.2


def with_seconds(pending: PendingMigrations, rates: Rates) -> PendingMigrations:
    """Return the pending migrations with the seconds of each statement whose work and sizes are known."""

    def timed(direction: Direction) -> Direction:
        statements = tuple(replace(one, seconds=statement_seconds(one, pending, rates)) for one in direction.statements)
        return replace(direction, statements=statements)

    revisions = tuple(
        replace(one, upgrade=timed(one.upgrade), downgrade=None if one.downgrade is None else timed(one.downgrade))
        for one in pending.revisions
    )
    return replace(pending, revisions=revisions, rates_source=rates.source)


def takes_long(pending: PendingMigrations) -> bool:
    """Tell whether a statement may work for so long that it matters how fast the machine is."""
    directions = (one for revision in pending.revisions for one in (revision.upgrade, revision.downgrade) if one)
    seconds = (one.seconds for direction in directions for one in direction.statements)
    return any(one is not None and one.high > _LONG_SECONDS for one in seconds)
