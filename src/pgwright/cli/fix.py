"""`pgwright fix`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli import making, options
from pgwright.cli.making import Asked
from pgwright.cli.output import say, show, tell
from pgwright.cli.progress import watched
from pgwright.cli.scripts import STDOUT, write_scripts
from pgwright.code import require_unchanged, write_edits
from pgwright.errors import ConfigError
from pgwright.files import from_here
from pgwright.interrupts import held
from pgwright.migrations import AlembicDirectory
from pgwright.model.fix import Fix
from pgwright.model.revision_text import RevisionFile
from pgwright.pipeline import MadeFix
from pgwright.report import Format

NOT_PROVED = 1
_DRY_RUN_ID = "pgwright_dry_run"


@click.command(short_help="Write the fix as an Alembic revision.")
@options.output_file("--sql", help="Write a psql script to FILE instead of a revision; - prints it.")
@click.option("--prove", "proves", is_flag=True,
              help="Measure on copies first, and leave out what does not help.")  # fmt: skip
@click.option("--write", "writes", is_flag=True,
              help="Edit the models too, after importing them as they would be. Else the edits are shown.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("--format", "form", type=click.Choice(("terminal", "json", "markdown", "html")), default="terminal",
              help="Format of the report on what was written.")  # fmt: skip
@options.everything
@making.shared
def fix(
    asked: Asked, sql: Path | None, proves: bool, writes: bool, dry_run: bool, form: Format, shows_all: bool
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

    With --online, keys of large tables change their type while the app runs: four revisions, with a backfill after
    the first and a deployment after the second and before the last. See docs/how-to/online-keys.md.

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
      pgwright fix --online --write
      pgwright fix shop.json.gz -m "Index what the app asks for"
      pgwright fix --sql fix.sql
    """
    if not proves and asked.says_how_to_measure:
        raise ConfigError("--staging and --rounds say how to measure: give --prove too.")
    # Found first, so that a wrong path costs no reading of the database.
    directory = None if sql is not None else asked.opened()
    if asked.online:
        _require_for_online(asked, directory, proves)
    models = asked.entry(directory)
    if writes and models is None:
        raise ConfigError("--write edits the models, and no env.py tells where they are: name them, as in "
                          "--models shop.models:Base.")  # fmt: skip
    with watched() as progress:
        made = pipeline.make(
            asked.source, asked.order(directory, models, measures=proves, imports=writes), progress=progress
        )
    if not made.parts:
        show(made.fix, form, shows_all=shows_all)
        say_why_nothing(made.fix)
    elif directory is None:
        _write_scripts(made, STDOUT if dry_run or sql is None else sql, form, shows_all)
        _write_models(made.fix, writes and not dry_run)
    elif dry_run:
        _print(_files(asked, made, directory, writes, asked.rev_id or _DRY_RUN_ID))
    else:
        files = _files(asked, made, directory, writes, asked.rev_id)
        if writes and made.fix.models is not None:
            require_unchanged(made.fix.models.edits)
        with held():
            _write_revisions(made.fix, directory, files, form, shows_all, writes)


def _require_for_online(asked: Asked, directory: AlembicDirectory | None, proves: bool) -> None:
    """Raise ConfigError where a series could not be written, or would not run."""
    if directory is None:
        raise ConfigError("--online needs Alembic: each revision of the series waits for what is deployed or filled "
                          "before it. With --sql only the rewrite can be written: give --breaking.")  # fmt: skip
    if not asked.imports_runtime(directory):
        raise ConfigError("--online needs pgwright-runtime in the app: it moves the rows, in batches beside the "
                          "requests, and tells the next revision when that is done. Add it to the app's requirements, "
                          "or say --runtime where it is there.")  # fmt: skip
    if proves:
        raise ConfigError("--prove measures what one upgrade does, and a series takes several: measure the rewrite, as "
                          "in pgwright prove --breaking, which comes to the same tables.")  # fmt: skip


def say_why_nothing(result: Fix) -> None:
    """Say why there is nothing to write; where a measurement is the reason, end with 1."""
    if result.proof is not None:
        tell("nothing is proved to help, so nothing was written.")
        click.get_current_context().exit(NOT_PROVED)
    tell("nothing to write now; what is left for later is told above." if result.later else "nothing to write.")


def _files(
    asked: Asked, made: MadeFix, directory: AlembicDirectory, writes: bool, first_id: str | None
) -> Sequence[RevisionFile]:
    return pipeline.revision_files(
        made.parts,
        made.snapshot,
        directory,
        has_runtime=asked.imports_runtime(directory),
        first_id=first_id,
        with_models=not (writes and made.fix.models is not None and not made.fix.models.by_hand),
    )


def _print(files: Sequence[RevisionFile]) -> None:
    for number, file in enumerate(files, start=1):
        if file.note:
            tell(file.note)
        if len(files) > 1:
            say(f"# Revision {number} of {len(files)}: a file of its own.\n")
        say(file.text)


def _write_models(result: Fix, writes: bool) -> None:
    edits = result.models.edits if result.models is not None else ()
    if writes:
        write_edits(edits)
        for edit in edits:
            tell(f"edited {from_here(edit.path)}: +{edit.added} −{edit.removed} lines")
    elif edits:
        tell("The models are as they were: --write edits them, as shown above.")


def _write_scripts(made: MadeFix, path: Path, form: Format, shows_all: bool) -> None:
    if path != STDOUT:
        show(made.fix, form, shows_all=shows_all)
    paths = write_scripts(made.parts, made.snapshot, path)
    if len(paths) == 1:
        first = "" if made.fix.proof else f". Or first: pgwright prove --sql {path}"
        tell(f"Review it, then: psql -X -f {path} DSN{first}")
    elif paths:
        tell("Review them. Each says what has to be deployed before it, so run one at a time: psql -X -f FILE DSN")


def _write_revisions(
    result: Fix, directory: AlembicDirectory, files: Sequence[RevisionFile], form: Format, shows_all: bool, writes: bool
) -> None:
    with ExitStack() as undo:
        for file in files:
            if file.note:
                tell(file.note)
            directory.add(file.path, file.text)
            undo.callback(file.path.unlink, missing_ok=True)
        undo.pop_all()
    show(result, form, shows_all=shows_all)
    for file in files:
        tell(f"wrote {from_here(file.path)}")
    _write_models(result, writes)
    if len(files) > 1:
        command = f"alembic upgrade {files[0].id}"
        tell(f"Review them. Each says what has to be deployed before it, so run one at a time: first {command}")
    elif result.proof is not None:
        tell("Review it. Then apply it: alembic upgrade head")
    else:
        tell("Review it. Then prove the gain: pgwright prove; and apply it: alembic upgrade head")
