"""Stage 1, the app's pending revisions: they run on a twin, and are judged by their checks."""

from __future__ import annotations

from pgwright.checks import run_checks, set_apart
from pgwright.durations.kept import rates_like
from pgwright.durations.seconds import takes_long, with_seconds
from pgwright.model.finding import Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.progress import Progress, silent
from pgwright.model.rates import DEFAULT_RATES
from pgwright.observing import LintOrder, observe
from pgwright.twin.servers import choose


def lint(order: LintOrder, *, progress: Progress = silent) -> tuple[PendingMigrations, tuple[Finding, ...]]:
    """Run the pending revisions on a twin and judge them, worst first. Raises: MigrationError, TwinError."""
    pending = _timed(observe(order, progress), order, progress)
    findings, _ = set_apart(run_checks(pending).findings, order.policy)
    return pending, findings


def _timed(pending: PendingMigrations, order: LintOrder, progress: Progress) -> PendingMigrations:
    """Say how long each statement works; the machine is measured only where that is long enough to matter."""
    if order.snapshot is None:
        return pending
    estimated = with_seconds(pending, DEFAULT_RATES)
    if not takes_long(estimated):
        return estimated
    return with_seconds(pending, rates_like(order.snapshot, choose(order.snapshot, order.server).programs, progress))
