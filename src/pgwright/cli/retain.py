"""`pgwright retain`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pgwright.cli import batches, options
from pgwright.cli.batch_progress import watched_batches
from pgwright.cli.output import emit, tell
from pgwright.cli.streams import reports_only
from pgwright.config import Config
from pgwright.errors import ConfigError
from pgwright.migrations import AlembicDirectory, open_directory
from pgwright.model.retained import Retained
from pgwright.pipeline.retain import partitioning_files, plan_retention, read_policies, run_retention
from pgwright.report import FORMATS, Format
from pgwright.visible import as_line
from pgwright_runtime.batches import stopping_at_signals


@click.command(short_help="Delete what is due by the policies beside the models, in batches.")
@click.argument("policies", metavar="[MODULE:ATTRIBUTE]", required=False)
@click.option("--dsn", metavar="DSN", help="Delete from this database. Default: DATABASE_URL, or PGHOST, PGDATABASE …")
@click.option("--app-dir", "folder", type=click.Path(path_type=Path, file_okay=False), default=".", metavar="DIRECTORY",
              help="Import the module from this directory. [.]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Count what would go, exactly, and delete nothing.")
@click.option("--write-partitioning", is_flag=True,
              help="With --dry-run: write a revision for each table that partitions would serve better.")  # fmt: skip
@options.alembic
@batches.limit
@click.option("--force", is_flag=True, help="Also where no index finds the rows of a large table.")
@click.option("--yes", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
@batches.metrics
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="Format of the report. Default: by the suffix of FILE, otherwise terminal.")  # fmt: skip
@options.output
@options.config
def retain(
    policies: str | None,
    dsn: str | None,
    folder: Path,
    dry_run: bool,
    write_partitioning: bool,
    alembic: Path | None,
    limit_s: float | None,
    force: bool,
    yes: bool,
    metrics_file: Path | None,
    form: Format | None,
    output: Path | None,
    config: Config,
) -> None:
    """Delete the rows that are due by the policies that you state beside your models.

    This command writes to the database that you name. It deletes in batches of 50 ms, each a transaction of its own,
    children before parents; it gives way to replicas that lag, to locks that wait, and to autovacuum. Rows under a
    legal hold stay, with all that they hang on. Partitions that are due are dropped, and the next ones made. Ctrl-C
    ends it after the batch that runs; the next run goes on.

    MODULE:ATTRIBUTE is a pgwright_runtime.retention.Retention; `policies` in [tool.pgwright] names it as well.

    The exit code is 0 when nothing that is due is left, and 1 when it ended before, or when a dry run says that it
    would not run.

    \b
    Examples:
      pgwright retain app.retention:RETENTION --dsn postgresql://janitor@db.example/shop --dry-run
      pgwright retain app.retention:RETENTION --dsn postgresql://janitor@db.example/shop --for 30m
      pgwright retain --dry-run --write-partitioning --alembic backend/alembic.ini
      pgwright retain --yes --for 2h --metrics /var/lib/node_exporter/retain.prom
    """
    name = policies or config.policies
    if name is None:
        raise ConfigError(
            "no policies were named. Give MODULE:ATTRIBUTE, as in app.retention:RETENTION, "
            "or policies in [tool.pgwright]."
        )
    if write_partitioning and not dry_run:
        raise ConfigError("--write-partitioning belongs to --dry-run, which finds the tables that it is for.")
    published = batches.publishing(metrics_file)
    with reports_only():
        stated = read_policies(name, folder)
    if dry_run or (sys.stdin.isatty() and not yes):
        plan = plan_retention(stated, name, dsn)
        if dry_run:
            emit(plan, form, output, shows_all=True)
            if write_partitioning:
                _write_partitioning(plan, open_directory(alembic or config.alembic or Path()))
            click.get_current_context().exit(0 if plan.is_done else batches.LEFT)
        _ask(plan)
    with stopping_at_signals() as stop, watched_batches() as progress:
        result = run_retention(
            stated, name, dsn, limit_s=limit_s, is_forced=force, stop=stop, progress=progress, metrics=published
        )
    emit(result, form, output, shows_all=True)
    batches.end(metrics_file, stop, is_done=result.is_done)


def _write_partitioning(plan: Retained, directory: AlembicDirectory) -> None:
    files = partitioning_files(plan, directory)
    for file in files:
        directory.add(file.path, file.text)
        tell(f"pgwright: wrote {as_line(str(file.path))}" + (f". {file.note}" if file.note else ""))
    if not files:
        tell("pgwright: no revision was written: partitions would serve no table better, or something prevents them")


def _ask(plan: Retained) -> None:
    tell(f"This deletes {plan.total:,} rows from the database {as_line(plan.database)} on {as_line(plan.server)}:")
    for rule in plan.rules:
        tell(f"  {rule.total:,} by {as_line(rule.name)}")
    for table in plan.partitions:
        for name in table.dropped:
            tell(f"  all rows of {as_line(name)}, which is dropped")
    if not click.confirm("Delete them?", err=True):
        tell("pgwright: nothing was deleted")
        click.get_current_context().exit(0)
