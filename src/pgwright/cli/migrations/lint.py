"""`pgwright migrations lint`."""

from __future__ import annotations

from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli import options
from pgwright.cli.baseline import read_baseline, save_baseline, set_aside
from pgwright.cli.check import FOUND, reaches
from pgwright.cli.failures import COULD_NOT_RUN
from pgwright.cli.migrations.asking import AskedRevisions, revisions
from pgwright.cli.output import emit, tell
from pgwright.cli.progress import watched
from pgwright.model.finding import Severity
from pgwright.report import Format


@click.command(short_help="Say what pending revisions would block or break.")
@revisions
@options.baseline
@options.write_baseline
@options.finding_form
@options.output
@options.severity
@options.everything
def lint(
    asked: AskedRevisions,
    baseline: Path | None,
    write_baseline: Path | None,
    form: Format | None,
    output: Path | None,
    severity: Severity | None,
    shows_all: bool,
) -> None:
    """Run the app's pending revisions on an empty twin of the database and say what they would block or break.

    Each statement is run by itself, and its locks, rewrites, and whole-table reads are observed, not guessed from its
    words. The sizes and the traffic of the database say who would wait, and for how long. Each finding ends with the
    safe way, as Alembic code to paste. Small, empty and new tables are left in peace.

    The database is only read, in one read-only transaction. It may be a snapshot file, or missing: then --base or
    --since says which revisions are meant, and sizes are unknown.

    A comment on the line of a statement, or above it, keeps a finding quiet, with a reason:
    # pgwright: ignore[RULE] because REASON

    The exit code is 1 if there are findings at or above --severity, and 2 if no revision could be run.

    \b
    Examples:
      pgwright migrations lint postgresql://app@db.example/shop
      pgwright migrations lint shop.json.gz               a file written by `pgwright snapshot`
      pgwright migrations lint --base main                no database: the revisions of this branch
      pgwright migrations lint shop.json.gz --base main --format sarif -o lint.sarif
      pgwright migrations lint --since 4f2a1c --all       with every statement and its locks
    """
    known = read_baseline(baseline)
    request = asked.request()
    with watched() as progress:
        order, notices = pipeline.lint_order(request, progress=progress)
        result = pipeline.lint(order, only=asked.only, skip=asked.skip, notices=notices, progress=progress)
    result = set_aside(result, known)
    emit(result, form, output, shows_all=shows_all)
    if write_baseline is not None:
        save_baseline(write_baseline, result)
    if result.is_unseen:
        tell("pgwright: no revision could be run; the report says why.")
        click.get_current_context().exit(COULD_NOT_RUN)
    if write_baseline is None and reaches(result, severity or asked.config.severity):
        click.get_current_context().exit(FOUND)
