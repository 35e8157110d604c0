"""`pgwright migrate`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from pgwright.cli import options
from pgwright.cli.output import emit, tell
from pgwright.cli.streams import reports_only
from pgwright.config import Config, parse_duration
from pgwright.interrupts import INTERRUPTED
from pgwright.migrations import open_directory
from pgwright.model.migrated import Migrated
from pgwright.pipeline.migrate import MigrationOrder
from pgwright.pipeline.migrate import migrate as run_migrate
from pgwright.report import Format
from pgwright.visible import as_line
from pgwright_runtime.batches import StopFlag
from pgwright_runtime.migrations import MigrationPace, MigrationProgress

LEFT = 1
_PACE = MigrationPace()
_WORDS = {
    "runner": "waits for another run", "health": "looks at the servers' health", "waiting": "gives way",
    "retrying": "tries again", "running": "", "building": "builds", "analyzing": "", "done": "committed",
}  # fmt: skip


def _seconds(name: str) -> Callable[[click.Context, click.Parameter, str | None], float | None]:
    return lambda context, parameter, text: None if text is None else parse_duration(text, name)


@click.command(short_help="Run the app's pending revisions so that the app beside them goes on.")
@options.alembic
@click.option("--until", "target", default="head", metavar="REVISION",
              help="Run up to this revision: an id, '+1', 'heads'. [head]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would run, which locks it needs, and who holds them now.")
@click.option("--with-backfills", is_flag=True, help="Run a backfill that a revision requires, and go on.")
@click.option("--lock-timeout", callback=_seconds("--lock-timeout"), metavar="TIME",
              help=f"Wait no longer for a lock, and hold nobody up longer. [{_PACE.lock_timeout_ms}ms]")  # fmt: skip
@click.option("--patience", callback=_seconds("--patience"), metavar="TIME",
              help=f"End when one reason to wait lasts longer. [{_PACE.patience_s:.0f}s]")  # fmt: skip
@click.option("--tries", type=click.IntRange(min=1), metavar="N", help=f"Try each revision so often. [{_PACE.tries}]")
@click.option("--health-url", metavar="URL", help="Begin no revision unless a GET of URL gives a status below 400.")
@click.option("-x", "x", multiple=True, metavar="NAME=VALUE", help="For env.py, as alembic's own -x. Repeatable.")
@click.option("--yes", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
@options.form
@options.output
@options.config
def migrate(
    alembic: Path | None,
    target: str,
    dry_run: bool,
    with_backfills: bool,
    lock_timeout: float | None,
    patience: float | None,
    tries: int | None,
    health_url: str | None,
    x: tuple[str, ...],
    yes: bool,
    form: Format | None,
    output: Path | None,
    config: Config,
) -> None:
    """Run the pending revisions of the app's Alembic directory, each in a transaction of its own.

    This command writes to the database that the app's env.py names, as `alembic upgrade` does. It waits shortly for
    locks and tries again; it waits without queueing while a dump or a long transaction holds what a revision needs, and
    names it; and it steps back when somebody waits for it. Killed at any moment, it goes on where it was.

    Ctrl-C cancels the statement that runs and rolls its transaction back; what is committed stays, and the next run
    goes on.

    The exit code is 0 when nothing is left, 1 when it gave way before, or when a dry run says that it would wait, and 2
    when env.py or a revision failed.

    \b
    Examples:
      pgwright migrate --dry-run
      pgwright migrate --until 4f1c0a9be2d7 --health-url https://shop.example/healthz
      pgwright migrate --yes --patience 30m --with-backfills -o migration.json
    """
    directory = open_directory(alembic or config.alembic or Path())
    order = MigrationOrder(target, dry_run, with_backfills, _pace(lock_timeout, patience, tries, health_url), x)
    stop = StopFlag()
    asks = sys.stdin.isatty() and not yes and not dry_run
    with reports_only(), _shown() as progress:
        result = run_migrate(directory, order, progress=progress, confirm=_confirm if asks else _tell_place, stop=stop)
    emit(result, form, output, shows_all=True)
    _end(result, stop)


def _end(result: Migrated, stop: StopFlag) -> None:
    if stop:
        tell(f"pgwright: {result.ended}")
        click.get_current_context().exit(INTERRUPTED)
    if not result.is_done:
        click.get_current_context().exit(LEFT)


def _pace(
    lock_timeout: float | None, patience: float | None, tries: int | None, health_url: str | None
) -> MigrationPace:
    return MigrationPace(
        lock_timeout_ms=_PACE.lock_timeout_ms if lock_timeout is None else max(1, round(lock_timeout * 1000)),
        patience_s=_PACE.patience_s if patience is None else patience,
        tries=_PACE.tries if tries is None else tries,
        health_url=health_url,
    )


def _tell_place(place: str, revisions: Sequence[str]) -> bool:
    tell(
        f"pgwright: {as_line(place)}: {len(revisions)} to run, from {as_line(revisions[0])} to {as_line(revisions[-1])}"
    )
    return True


def _confirm(place: str, revisions: Sequence[str]) -> bool:
    tell(f"This runs {len(revisions)} revisions on {as_line(place)}:")
    for revision in revisions:
        tell(f"  {as_line(revision)}")
    return click.confirm("Run them?", err=True)


@contextmanager
def _shown() -> Iterator[Callable[[MigrationProgress], None]]:
    """Give what a run reports to; without a terminal nothing is shown."""
    if not sys.stderr.isatty():
        yield lambda told: None
        return
    terminal = getattr(sys.stderr, "inner", sys.stderr)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(),
               TextColumn("{task.fields[said]}", markup=False))  # fmt: skip
    bar = Progress(*columns, console=Console(file=terminal), transient=True, redirect_stderr=False)
    task = bar.add_task("connecting", total=None, said="")

    def show(told: MigrationProgress) -> None:
        bar.start()  # not before somebody was asked
        bar.update(task, description=as_line(in_words(told)), completed=told.done, total=told.total or None,
                   said=as_line(told.statement))  # fmt: skip

    try:
        yield show
    finally:
        bar.stop()


def in_words(told: MigrationProgress) -> str:
    """Return how far it is.

    >>> in_words(MigrationProgress("waiting", "a1", 2, 5, reason="process 7 holds note"))
    'a1 (2 of 5) gives way: process 7 holds note'
    """
    place = f"{told.revision} ({told.number} of {told.of})" if told.revision else ""
    said = " ".join(part for part in (place, _WORDS[told.phase]) if part)
    return f"{said}: {told.reason}" if told.reason else said
