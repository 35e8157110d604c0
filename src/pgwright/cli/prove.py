"""`pgwright prove`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli import options
from pgwright.cli.operations import load_operations
from pgwright.cli.output import emit, save, show
from pgwright.cli.progress import watched
from pgwright.config import Config
from pgwright.errors import ConfigError
from pgwright.migrations import open_directory
from pgwright.model.proof import Proof
from pgwright.model.trial import Trial
from pgwright.proof.timing import ROUNDS
from pgwright.report import Format
from pgwright.report.proof.words import is_proved
from pgwright.report.trial.words import is_proved as is_helped

NOT_PROVED = 1


@click.command(short_help="Measure on copies what a fix gains.")
@options.source
@options.alembic
@click.option("--to", metavar="REVISION", help="The revision to prove. [head]")
@click.option("--sql", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
              help="Prove an SQL script instead of revisions.")  # fmt: skip
@click.option("--set", "settings", multiple=True, callback=options.settings, metavar="NAME=VALUE",
              help="Prove a setting instead, as random_page_cost=1.1. Repeatable.")  # fmt: skip
@click.option("--settings", "tries_settings", is_flag=True,
              help="Try the settings that are worth trying instead, over the whole workload.")  # fmt: skip
@click.option(
    "--operations", metavar="MODULE:NAME", help="Measure the app's operations too: a list of pgwright.proof.Operation."
)
@click.option(
    "--log", "logs", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
    help="Take values and plans of real calls from the server's log: a file, also gzip, or a folder. Repeatable.",
)  # fmt: skip
@click.option("--staging", metavar="DSN", help="Create the copies on this server, as a role with CREATEDB and no more.")
@click.option(
    "--rounds",
    type=click.IntRange(min=3),
    default=ROUNDS,
    show_default=True,
    help="Measured runs of each statement and operation.",
)
@options.server
@options.form
@options.output
@options.output_file("--json", "json_output", help="Also write the proof to FILE as JSON.")
@options.everything
@options.config
def prove(
    source: str | None,
    alembic: Path | None,
    to: str | None,
    sql: Path | None,
    settings: dict[str, str],
    tries_settings: bool,
    operations: str | None,
    logs: tuple[Path, ...],
    staging: str | None,
    rounds: int,
    server: Path | None,
    form: Format | None,
    output: Path | None,
    json_output: Path | None,
    shows_all: bool,
    config: Config,
) -> None:
    """Measure what a fix gains and costs, on copies of the database.

    Copies the database twice to an embedded server (or to --staging), applies the revisions to one copy, and runs
    the workload's statements and the app's own operations on both in turn, with warm caches. Compares the results,
    counts queries and buffers, and weighs the cost on writes. The database that you name is only read.

    A snapshot file holds no rows: given one, prove compares plans and measures nothing.

    With --settings it looks for what the workload gains from random_page_cost, work_mem, jit and effective_cache_size,
    each where the snapshot gives a reason to try it; then from all that help together. One copy is enough for that.

    The exit code is 1 unless the fix is proved: something got faster, with values that do what production does, and no
    result differs, no query or operation got slower or failed, no row is missing in the copies, and writes do not
    cost more than statements gain.

    \b
    Examples:
      pgwright prove postgresql://app@db.example/shop
      pgwright prove --alembic backend/alembic.ini --to 4f1c2a -o report.html
      pgwright prove postgresql://app@db.example/shop --log /var/log/postgresql
      pgwright prove --operations shop.operations:OPERATIONS --json proof.json
      pgwright prove --sql fix.sql --staging postgresql://me@staging/postgres
      pgwright prove postgresql://app@db.example/shop --set random_page_cost=1.1
      pgwright prove postgresql://app@db.example/shop --settings -o settings.html
    """
    names_revisions = bool(to or alembic)
    run: Callable[..., Proof | Trial] = pipeline.try_settings
    if not tries_settings:
        change = _change(alembic or config.alembic or Path(), to, sql, settings, names_revisions=names_revisions)
        given = load_operations(operations) if operations else ()
        run = partial(pipeline.prove, change=change, operations=given, logs=logs)
    elif sql is not None or settings or operations or logs or names_revisions:
        raise ConfigError(
            "--settings tries settings alone: leave out --sql, --set, --alembic, --to, --operations and --log."
        )
    with watched() as progress:
        result = run(
            source,
            staging=staging,
            rounds=rounds,
            policy=config.policy,
            server=server or config.server,
            progress=progress,
        )
    if output is not None:
        show(result, "terminal", shows_all=shows_all)
    emit(result, form, output, shows_all=shows_all)
    if json_output is not None:
        save(result, "json", json_output)
    if not (is_proved(result) if isinstance(result, Proof) else is_helped(result)):
        click.get_current_context().exit(NOT_PROVED)


def _change(
    alembic: Path, to: str | None, sql: Path | None, settings: dict[str, str], *, names_revisions: bool
) -> pipeline.Revisions | pipeline.Script | pipeline.Settings:
    if (sql is not None) + bool(settings) + names_revisions > 1:
        raise ConfigError(
            "--sql proves a script, --set a setting, --alembic and --to prove revisions; give one of them."
        )
    if settings:
        return pipeline.Settings(settings)
    return pipeline.Script(sql) if sql is not None else pipeline.Revisions(open_directory(alembic), to or "head")
