"""Stage 1, the app's pending revisions: they run on a twin, and are judged by their checks."""

from __future__ import annotations

from pgwright.checks import run_checks, set_apart
from pgwright.model.finding import Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.progress import Progress, silent
from pgwright.observing import LintOrder, observe


def lint(order: LintOrder, *, progress: Progress = silent) -> tuple[PendingMigrations, tuple[Finding, ...]]:
    """Run the pending revisions on a twin and judge them, worst first. Raises: MigrationError, TwinError."""
    pending = observe(order, progress)
    findings, _ = set_apart(run_checks(pending).findings, order.policy)
    return pending, findings
