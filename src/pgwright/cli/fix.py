"""`pgwright fix`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import click

from pgwright import pipeline
from pgwright.cli import goals, options
from pgwright.cli.output import say, show, tell, write
from pgwright.cli.progress import watched
from pgwright.config import Config
from pgwright.errors import MigrationError
from pgwright.migrations import AlembicDirectory, open_directory, short_hash
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import assembled, render_script, revision_text, with_width
from pgwright.report import Format

_MESSAGE = "Answer the findings of pgwright"
_DRY_RUN_ID = "pgwright_dry_run"
_STDOUT = Path("-")


@click.command(short_help="Write the fix as one Alembic revision.")
@options.source
@options.alembic
@options.output_file("--sql", help="Write a psql script to FILE instead of a revision; - prints it.")
@options.only
@options.skip
@click.option("-m", "--message", default=_MESSAGE, help="The message of the revision, in one line.")
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
    """Write the fix for the findings as one Alembic revision, for you to review.

    The revision goes into the app's own Alembic directory, after its head. It builds indexes concurrently, waits
    only briefly for locks and retries, and can be downgraded. Its docstring says which findings it answers, which
    lock each step takes and for how long, and what is unsafe on a busy table. The database is only read.
    Findings that are only possible are left out unless --only names them.

    \b
    Examples:
      pgwright fix postgresql://app@db.example/shop
      pgwright fix --alembic backend/alembic.ini --only missing-index --only unindexed-foreign-key
      pgwright fix shop.json.gz --skip unused-index -m "Index what the app asks for"
      pgwright fix --sql fix.sql
      pgwright fix --dry-run
    """
    # Found first, so that a wrong path costs no reading of the database.
    directory = None if sql is not None else open_directory(alembic or config.alembic or Path())
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
    chosen = replace(diagnosis, findings=tuple(_chosen(diagnosis.findings, only, skip)))
    result = pipeline.fix(snapshot, chosen, with_possible=bool(only))
    if not result.remedies:
        show(result, form, shows_all=shows_all)
        tell("nothing to write.")
        return
    if directory is None:
        _write_script(result, snapshot, message, _STDOUT if dry_run or sql is None else sql, form, shows_all)
    else:
        _write_revision(result, snapshot, message, directory, rev_id, dry_run, form, shows_all)


def _chosen(findings: Iterable[Finding], only: tuple[str, ...], skip: tuple[str, ...]) -> Iterator[Finding]:
    """Yield the findings that are asked for; what stands under another one counts by its own name too.

    Alone it is answered where it asks for a change; where it does not, the finding that it stands under answers it.
    """
    for finding in findings:
        left = tuple(one for one in finding.symptoms if not _names(skip, one))
        asked = [one for one in left if not only or _names(only, one)]
        is_asked = not only or _names(only, finding) or any(not one.changes for one in asked)
        if is_asked and not _names(skip, finding):
            yield replace(finding, symptoms=left)
        else:
            yield from asked


def _names(keys: tuple[str, ...], finding: Finding) -> bool:
    return not {finding.check, finding.key}.isdisjoint(keys)


def _write_script(result: Fix, snapshot: Snapshot, message: str, path: Path, form: Format, shows_all: bool) -> None:
    text = render_script(result, message=message, database=snapshot.server.database, taken_at=snapshot.taken_at)
    if path == _STDOUT:
        say(text)
        return
    show(result, form, shows_all=shows_all)
    write(path, text)
    tell(f"Review it, then: psql -X -f {path} DSN. Or first: pgwright prove --sql {path}")


def _write_revision(
    result: Fix,
    snapshot: Snapshot,
    message: str,
    directory: AlembicDirectory,
    rev_id: str | None,
    dry_run: bool,
    form: Format,
    shows_all: bool,
) -> None:
    text = revision_text(result, message=message, database=snapshot.server.database, taken_at=snapshot.taken_at)

    def render(revision: str, down_revision: str | None) -> str:
        try:
            return with_width(directory.in_template(text, revision))
        except MigrationError as error:
            tell(f"{error}. The revision gets a form of its own")
            return assembled(text, revision, down_revision)

    if dry_run:
        say(render(rev_id or _DRY_RUN_ID, directory.head))
        return
    # The template writes the time, and the same fix of the same snapshot has the same id.
    chosen = rev_id or short_hash(assembled(text, "", directory.head))
    path = directory.write(message, render, revision=chosen)
    show(result, form, shows_all=shows_all)
    here = Path.cwd()
    tell(f"wrote {path.relative_to(here) if path.is_relative_to(here) else path}")
    tell("Review it. Then prove the gain: pgwright prove; and apply it: alembic upgrade head")
