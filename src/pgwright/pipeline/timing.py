"""How long the statements of observed revisions work, by rates of this machine."""

from __future__ import annotations

from dataclasses import replace

from pgwright.durations.kept import rates_like
from pgwright.durations.seconds import takes_long, with_seconds
from pgwright.model.migration import PendingMigrations
from pgwright.model.progress import Progress, silent
from pgwright.model.rates import DEFAULT_RATES
from pgwright.observing import LintOrder
from pgwright.twin.servers import choose


def timed(pending: PendingMigrations, order: LintOrder, progress: Progress = silent) -> PendingMigrations:
    """Say how long each statement works; the machine is measured only where that is long enough to matter."""
    if order.snapshot is None:
        return pending
    estimated = with_seconds(pending, DEFAULT_RATES)
    if not takes_long(estimated):
        return replace(estimated, rates_source="")
    return with_seconds(pending, rates_like(order.snapshot, choose(order.snapshot, order.server).programs, progress))
