"""`pgwright fix`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import click

from pgwright import pipeline
from pgwright.cli import goals, options
from pgwright.cli.output import show, tell
from pgwright.cli.progress import watched
from pgwright.cli.revisions import STDOUT, Revisions, write_scripts
from pgwright.code import require_unchanged, write_edits
from pgwright.config import Config
from pgwright.errors import ConfigError
from pgwright.files import from_here
from pgwright.interrupts import held
from pgwright.migrations import has_runtime, open_directory
from pgwright.model.fix import Fix
from pgwright.model.snapshot import Snapshot
from pgwright.proof.timing import ROUNDS
from pgwright.remedies import TOP, Choice, Part, in_parts
from pgwright.report import Format

NOT_PROVED = 1


@click.command(short_help="Write the fix as an Alembic revision.")
@options.source
@options.alembic
@options.output_file("--sql", help="Write a psql script to FILE instead of a revision; - prints it.")
@options.only
@options.skip
@options.top
@click.option("--breaking", is_flag=True,
              help="Write what is not safe while the app runs instead, each in a revision of its own.")  # fmt: skip
@click.option("--prove", "proves", is_flag=True,
              help="Measure on copies first, and leave out what does not help.")  # fmt: skip
@click.option("--staging", metavar="DSN", help="With --prove: create the copies on this server.")
@click.option("--rounds", type=click.IntRange(min=3), help=f"With --prove: measured runs of each statement. [{ROUNDS}]")
@click.option("--runtime/--no-runtime", "runtime", default=None,
              help="Import the revision's functions from pgwright_runtime, or carry them in it. Default: import them "
              "where the app's requirements or modules name it.")  # fmt: skip
@options.models
@click.option("--write", "writes", is_flag=True,
              help="Edit the models too, after importing them as they would be. Else the edits are shown.")  # fmt: skip
@click.option("--no-models", "without_models", is_flag=True, help="Leave the models alone.")
@click.option("--as-uuid", is_flag=True,
              help="Let keys that become uuid be uuid.UUID in Python too. Default: they stay str.")  # fmt: skip
@click.option("-m", "--message", default="", help="The message of the revision, in one line. Default: what it does.")
@click.option("--rev-id", metavar="ID", help="The id of the revision. Default: a short hash of its contents.")
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("--allow-behind", is_flag=True, help="Write even if the database is not at the head revision.")
@options.advice
@goals.advisor
@options.server
@click.option("--format", "form", type=click.Choice(("terminal", "json", "markdown", "html")), default="terminal",
              help="Format of the report on what was written.")  # fmt: skip
@options.everything
@options.config
def fix(
    source: str | None,
    alembic: Path | None,
    sql: Path | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    top: int | None,
    breaking: bool,
    proves: bool,
    staging: str | None,
    rounds: int | None,
    runtime: bool | None,
    models: str | None,
    writes: bool,
    without_models: bool,
    as_uuid: bool,
    message: str,
    rev_id: str | None,
    dry_run: bool,
    allow_behind: bool,
    no_advice: bool,
    server: Path | None,
    form: Format,
    shows_all: bool,
    config: Config,
    **asked: Unpack[goals.GoalFlags],
) -> None:
    """Write the fix for the worst findings as one small Alembic revision, for you to review.

    It answers the five findings that save most time, or free most room, with changes that are safe while the app
    runs. The rest is listed with what it would bring, and written when you ask for it: --top N or --top all, --only
    for single findings, --breaking for what is not safe while the app runs. Findings that are only possible, that are
    for information, or about empty tables are left out unless --only names them.

    The revision goes into the app's own Alembic directory, after its head. It builds indexes concurrently, waits
    only briefly for locks and retries, and can be downgraded. Its docstring says of each step which findings it
    answers, what that brings, which lock it takes and for how long. The database is only read.

    What is not safe gets revisions of its own, one after the other; each says what to deploy before it or with it. A
    unique index that is to count only living rows takes two: one builds the new, and when your code names its
    condition, the other drops the old. With --sql these are FILE, FILE-2 and so on.

    What changes in the app's SQLAlchemy models is shown as a diff. With --write the files are edited, and nothing but
    what changes: first the edited models are imported, in a process of their own, and what they declare is compared
    with what the revision does. What cannot be edited is told, with the lines to paste.

    With --prove it measures first, as pgwright prove does, and leaves out what did not make anything faster. The exit
    code is 1 if nothing is proved; then nothing is written.

    \b
    Examples:
      pgwright fix postgresql://app@db.example/shop
      pgwright fix --prove --write
      pgwright fix --models shop.models:Base --write
      pgwright fix --top all --skip unused-index
      pgwright fix --alembic backend/alembic.ini --only missing-index --only unindexed-foreign-key
      pgwright fix --breaking --dry-run
      pgwright fix shop.json.gz -m "Index what the app asks for"
      pgwright fix --sql fix.sql
    """
    if not proves and (staging is not None or rounds is not None):
        raise ConfigError("--staging and --rounds say how to measure: give --prove too.")
    # Found first, so that a wrong path costs no reading of the database.
    directory = None if sql is not None else open_directory(alembic or config.alembic or Path())
    entry = None if without_models else pipeline.find_models(models or config.models, directory)
    if writes and entry is None:
        raise ConfigError("--write edits the models, and no env.py tells where they are: name them, as in "
                          "--models shop.models:Base.")  # fmt: skip
    choice = Choice(only, skip, top if top is not None or only or breaking else TOP, breaking)
    with watched() as progress:
        snapshot = pipeline.take_snapshot(source, policy=config.policy, progress=progress)
        if directory is not None and not allow_behind:
            directory.require_current(snapshot)
        diagnosis = pipeline.check(
            snapshot,
            with_advice=not no_advice,
            goal=goals.goal(config, snapshot, **asked),
            server=server or config.server,
            progress=progress,
        )
        if entry is not None:
            diagnosis = pipeline.as_named(diagnosis, entry)
        if proves:
            result = pipeline.fix_proved(
                source, snapshot, diagnosis, choice=choice, with_possible=bool(only), staging=staging,
                rounds=rounds or ROUNDS, policy=config.policy, server=server or config.server, progress=progress,
            )  # fmt: skip
        else:
            result = pipeline.fix(snapshot, diagnosis, choice=choice, with_possible=bool(only))
        if entry is not None and result.remedies:
            result = pipeline.with_models(result, entry, as_uuid=as_uuid, imports=writes, progress=progress)
    parts = in_parts(result, snapshot, message)
    if not parts:
        show(result, form, shows_all=shows_all)
        _say_why_nothing(result)
    elif directory is None:
        _write_scripts(result, parts, snapshot, STDOUT if dry_run or sql is None else sql, form, shows_all)
        _write_models(result, writes and not dry_run)
    else:
        imports = has_runtime(directory) if runtime is None else runtime
        revisions = Revisions(
            parts, snapshot, directory, imports, rev_id, tells_models=not _are_written(result, writes)
        )
        if dry_run:
            revisions.print()
            return
        if writes and result.models is not None:
            require_unchanged(result.models.edits)
        with held():
            _write_revisions(result, revisions, form, shows_all, writes)


def _are_written(result: Fix, writes: bool) -> bool:
    """Whether all that a fix changes in the models is written with it."""
    return writes and result.models is not None and not result.models.by_hand


def _write_models(result: Fix, writes: bool) -> None:
    edits = result.models.edits if result.models is not None else ()
    if writes:
        write_edits(edits)
        for edit in edits:
            tell(f"edited {from_here(edit.path)}: +{edit.added} −{edit.removed} lines")
    elif edits:
        tell("The models are as they were: --write edits them, as shown above.")


def _say_why_nothing(result: Fix) -> None:
    if result.proof is not None:
        tell("nothing is proved to help, so nothing was written.")
        click.get_current_context().exit(NOT_PROVED)
    tell("nothing to write now; what is left for later is told above." if result.later else "nothing to write.")


def _write_scripts(
    result: Fix, parts: Sequence[Part], snapshot: Snapshot, path: Path, form: Format, shows_all: bool
) -> None:
    if path != STDOUT:
        show(result, form, shows_all=shows_all)
    paths = write_scripts(parts, snapshot, path)
    if len(paths) == 1:
        first = "" if result.proof else f". Or first: pgwright prove --sql {path}"
        tell(f"Review it, then: psql -X -f {path} DSN{first}")
    elif paths:
        tell("Review them. Each says what has to be deployed before it, so run one at a time: psql -X -f FILE DSN")


def _write_revisions(result: Fix, revisions: Revisions, form: Format, shows_all: bool, writes: bool) -> None:
    written = revisions.write()
    show(result, form, shows_all=shows_all)
    for _, path in written:
        tell(f"wrote {from_here(path)}")
    _write_models(result, writes)
    if len(written) > 1:
        command = f"alembic upgrade {written[0][0]}"
        tell(f"Review them. Each says what has to be deployed before it, so run one at a time: first {command}")
    elif result.proof is not None:
        tell("Review it. Then apply it: alembic upgrade head")
    else:
        tell("Review it. Then prove the gain: pgwright prove; and apply it: alembic upgrade head")
