"""`pgwright deploy`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pgwright.cli import options
from pgwright.cli.output import emit, tell
from pgwright.cli.progress import counting_down, watched
from pgwright.config import Config, parse_duration
from pgwright.database import conninfo, target
from pgwright.errors import ConfigError, DeployRefused
from pgwright.migrations import AlembicDirectory, has_runtime, open_directory
from pgwright.pipeline.deploy import (
    DeployOrder,
    DeployPlan,
    Run,
    confirm_deployment,
    deploy_indexes,
    is_at,
    plan_deployment,
    roll_back,
    rolled_back,
)
from pgwright.pipeline.migrate import MigrationOrder, identity_of, migrate
from pgwright.report import FORMATS, Format
from pgwright.visible import as_line

NOT_CONFIRMED = 1


def _window(context: click.Context, parameter: click.Parameter, text: str) -> float:
    return 0.0 if text in ("0", "0s") else parse_duration(text, "--window")


@click.command(short_help="Deploy revisions of indexes, and confirm that they are used and help.")
@options.database
@options.alembic
@options.head
@click.option("--until", default="head", metavar="REVISION", help="Deploy up to this revision. [head]")
@click.option("--backup", type=click.Path(path_type=Path), metavar="FILE",
              help="An archive of pg_dump, which is looked into first.")  # fmt: skip
@click.option("--window", "window_s", default="5m", callback=_window, metavar="TIME",
              help="How long the workload is counted before, and again after. 0: all that was counted before, and "
              "nothing after; --confirm looks later. [5m]")  # fmt: skip
@options.output_file("--state", default=Path("pgwright-deployment.json"), show_default=True,
                     help="Where the deployment is remembered, for --confirm and --rollback.")  # fmt: skip
@click.option("--confirm", "confirms", type=click.Path(path_type=Path), metavar="FILE",
              help="Deploy nothing: say what has come of the deployment in FILE until now.")  # fmt: skip
@click.option("--rollback", type=click.Path(path_type=Path), metavar="FILE",
              help="Write and run a revision that drops what nobody used of the deployment in FILE.")  # fmt: skip
@click.option("--asked-replicas", is_flag=True,
              help="With --rollback: you have asked each replica by --confirm, and none uses the indexes.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
@click.option("--format", "form", type=click.Choice(FORMATS),
              help="Format of the report. Default: by the suffix of FILE, otherwise terminal.")  # fmt: skip
@options.output
@options.everything
@options.config
def deploy(
    dsn: str | None,
    alembic: Path | None,
    head: str | None,
    until: str,
    backup: Path | None,
    window_s: float,
    state: Path,
    confirms: Path | None,
    rollback: Path | None,
    asked_replicas: bool,
    yes: bool,
    form: Format | None,
    output: Path | None,
    shows_all: bool,
    config: Config,
) -> None:
    """Deploy the pending revisions of indexes, and confirm that the indexes are used and the statements faster.

    This command writes to the database: it runs the revisions, as `pgwright migrate` does. Before, it looks at them on
    a twin, and refuses those that change more than indexes; it looks into the backup that --backup names, or says how
    to make one; and it counts what the statements on the tables take. Afterwards it counts again, for as long: which
    index is used, which statement became faster, and which slower.

    The exit code is 0 when every new index is used and no statement became slower, and 1 otherwise.

    \b
    Examples:
      pgwright deploy postgresql://app@db.example/shop --backup shop.dump
      pgwright deploy --window 0 --yes                    then, the next day:
      pgwright deploy --confirm pgwright-deployment.json
      pgwright deploy --rollback pgwright-deployment.json
    """
    if confirms is not None and rollback is not None:
        raise ConfigError("--confirm and --rollback are two questions. Give one of them.")
    if confirms is not None:
        with watched() as progress:
            result = confirm_deployment(confirms, dsn, progress=progress)
        emit(result, form, output, shows_all=shows_all)
        click.get_current_context().exit(0 if result.status == "confirmed" else NOT_CONFIRMED)
    directory = open_directory(alembic or config.alembic or Path(), head=head)
    if rollback is not None:
        _roll_back(rollback, dsn, directory, form, output, yes=yes, asked_replicas=asked_replicas)
        return
    order = DeployOrder(directory, dsn, until, backup, window_s, state)
    with watched() as progress:
        plan = plan_deployment(order, progress=progress)
    if plan.revisions:
        _accept(plan, order, yes=yes)
    with watched() as progress:
        result = deploy_indexes(
            order,
            plan,
            _runner(directory, dsn, plan.snapshot.server.alembic_revisions),
            wait=counting_down(progress),
            progress=progress,
        )
    emit(result, form, output, shows_all=shows_all)
    if result.status not in ("confirmed", "nothing to do"):
        click.get_current_context().exit(NOT_CONFIRMED)


def _runner(directory: AlembicDirectory, dsn: str | None, at: tuple[str, ...] | None = None) -> Run:
    """Return what brings the database to a revision, by the app's own env.py, if that connects to the same one."""

    def run(revision: str) -> None:
        result = migrate(directory, MigrationOrder(target=revision, only_on=identity_of(dsn), only_at=at))
        if not result.is_done:
            raise DeployRefused(f"the revisions did not all run: {result.ended}. See: pgwright migrate --dry-run")

    return run


def _accept(plan: DeployPlan, order: DeployOrder, *, yes: bool) -> None:
    """Say what will be done, and ask. Raises DeployRefused: the backup is none to rely on."""
    if plan.backup.problems:
        raise DeployRefused(
            f"the backup {plan.backup.path} is none to rely on: {'; '.join(plan.backup.problems)}. "
            f"Make one: {plan.backup.command}"
        )
    if not plan.backup.path:
        tell(f"pgwright: no backup was named. Make one: {as_line(plan.backup.command)}, then name it by --backup")
    where = as_line(target(conninfo(order.dsn)))
    tell(f"This runs {', '.join(map(as_line, plan.revisions))} on {where}.")
    if sys.stdin.isatty() and not yes and not click.confirm("Run it?", err=True):
        tell("pgwright: nothing was changed")
        click.get_current_context().exit(0)


def _roll_back(
    path: Path,
    dsn: str | None,
    directory: AlembicDirectory,
    form: Format | None,
    output: Path | None,
    *,
    yes: bool,
    asked_replicas: bool,
) -> None:
    with watched() as progress:
        result, files = roll_back(
            path, dsn, directory, has_runtime=has_runtime(directory), asked_replicas=asked_replicas, progress=progress
        )
    if not files:
        emit(result, form, output, shows_all=True)
        tell(
            "pgwright: nothing is rolled back: each index is used, keeps data right, is gone, or its "
            "table was touched by no statement yet"
        )
        return
    for file in files:
        tell(f"This writes {as_line(str(file.path))}, which drops what nobody used, and runs it.")
    if sys.stdin.isatty() and not yes and not click.confirm("Do it?", err=True):
        tell("pgwright: nothing was changed")
        click.get_current_context().exit(0)
    for file in files:
        directory.add(file.path, file.text)
        try:
            _runner(directory, dsn)(file.id)
        except BaseException:
            # It would be a revision ahead of the database, which the next try refuses.
            if not is_at(dsn, file.id):
                file.path.unlink()
            raise
        tell(f"pgwright: wrote and ran {as_line(str(file.path))}")
    with watched() as progress:
        result = rolled_back(path, dsn, progress=progress)
    emit(result, form, output, shows_all=True)
