"""`pgwright backfill`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pgwright.cli import batches, options
from pgwright.cli.batch_progress import watched_batches
from pgwright.cli.output import emit, tell
from pgwright.config import Config
from pgwright.errors import ConfigError
from pgwright.model.backfilled import Backfilled
from pgwright.pipeline import backfill as verb
from pgwright.report import Format
from pgwright.visible import as_line
from pgwright_runtime.batches import stopping_at_signals


@click.command(short_help="Run the backfills that revisions declared, in batches.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--dsn", metavar="DSN", help="Run them on this database. Default: DATABASE_URL, or PGHOST, PGDATABASE …")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.option("--status", "shows_status", is_flag=True, help="Say how far all of them are, and write nothing.")
@batches.limit
@click.option("--yes", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
@batches.metrics
@options.form
@options.output
@options.config
def backfill(
    names: tuple[str, ...],
    dsn: str | None,
    dry_run: bool,
    shows_status: bool,
    limit_s: float | None,
    yes: bool,
    metrics_file: Path | None,
    form: Format | None,
    output: Path | None,
    config: Config,
) -> None:
    """Run the backfills that revisions declared by op.declare_backfill: all that are not done, or those that you name.

    This command writes to the database that you name. It changes rows in batches of 50 ms, each a transaction of its
    own, in the order of the key; it gives way to replicas that lag, to locks that wait, to load, and to autovacuum.
    Rows that the app holds are left out and come back to. Ctrl-C ends it after the batch that runs, and it may be
    killed at any moment: the next run, on any machine, goes on from there. A backfill is done when no row is left for
    which its condition holds.

    What the declarations say is SQL, and runs with the rights of the role that you name. They are run only where this
    role, a superuser or the database's owner alone may write them.

    The exit code is 0 when nothing is left to do, and 1 when something is, or when a dry run says that one cannot run.

    \b
    Examples:
      pgwright backfill --dsn postgresql://owner@db.example/shop --dry-run
      pgwright backfill notes_title_lower --dsn postgresql://owner@db.example/shop --for 30m
      pgwright backfill --status --dsn postgresql://app@db.example/shop
      pgwright backfill --yes --metrics /var/lib/node_exporter/backfill.prom
    """
    if dry_run and shows_status:
        raise ConfigError("--dry-run says what would be done, --status what was: give one of them.")
    published = batches.publishing(metrics_file)
    if shows_status or dry_run:
        found = verb.status(names, dsn) if shows_status else verb.plan(names, dsn)
        emit(found, form, output, shows_all=True)
        click.get_current_context().exit(0 if found.is_done else batches.LEFT)
    if sys.stdin.isatty() and not yes:
        _ask(verb.plan(names, dsn))
    with stopping_at_signals() as stop, watched_batches() as progress:
        result = verb.run(names, dsn, limit_s=limit_s, stop=stop, progress=progress, metrics=published)
    emit(result, form, output, shows_all=True)
    batches.end(metrics_file, stop, is_done=result.is_done)


def _ask(plan: Backfilled) -> None:
    todo = [one for one in plan.backfills if not one.is_done]
    if not todo:
        return
    tell(f"This changes rows in the database {as_line(plan.database)} on {as_line(plan.server)}:")
    for one in todo:
        rows = f"some of about {one.rows or 0:,}" if one.left is None else f"{one.left:,}"
        tell(f"  {rows} rows of {as_line(one.table)}, by {as_line(one.name)}")
    if not click.confirm("Change them?", err=True):
        tell("pgwright: nothing was changed")
        click.get_current_context().exit(0)
