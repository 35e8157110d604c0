"""How long one observed statement works."""

from __future__ import annotations

from pgwright.model.migration import ObservedStatement, PendingMigrations, SecondsRange
from pgwright.model.rates import Rates


def statement_seconds(statement: ObservedStatement, pending: PendingMigrations, rates: Rates) -> SecondsRange | None:
    """Return how long a statement works, without waiting; None where that is unknown, or it does nothing to rows."""
    return None
