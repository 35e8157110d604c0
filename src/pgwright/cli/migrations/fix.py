"""`pgwright migrations fix`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from pgwright import pipeline
from pgwright.cli.migrations.asking import AskedRevisions, revisions
from pgwright.cli.output import say, tell
from pgwright.cli.progress import watched
from pgwright.code import require_unchanged, write_edits
from pgwright.diffs import unified
from pgwright.figures import count
from pgwright.files import from_here
from pgwright.interrupts import held
from pgwright.migrations import AlembicDirectory
from pgwright.model.rewriting import Rewriting
from pgwright.visible import as_line, visible

_MOST_NAMED = 10


@click.command(short_help="Rewrite pending revisions so that they are safe.")
@revisions
@click.option("--write", "writes", is_flag=True, help="Write the files. Else the changes are shown.")
def fix(asked: AskedRevisions, writes: bool) -> None:
    """Rewrite the app's pending revisions by the safe code of what lint finds.

    A statement is replaced in its revision's own file. What needs a transaction of its own, or has to wait for
    something else, gets a revision of its own after it; the revisions that followed then follow that one.

    Before anything is shown or written, all of it runs on the twin: the schema at the end has to equal that of the
    revisions as they are, after the upgrade and after the downgrade, and the findings have to be gone. What fails
    that, and what only a person can decide, is listed with the reason.

    Rewrite only what no database that matters has yet: one that has a revision will not run it again.

    \b
    Examples:
      pgwright migrations fix shop.json.gz                     shows the changes
      pgwright migrations fix --base main --write
      pgwright migrations fix --base main --only index-not-concurrent --write
    """
    request = asked.request()
    with watched() as progress:
        order, notices = pipeline.lint_order(request, progress=progress)
        found = pipeline.rewrite(order, only=asked.only, skip=asked.skip, progress=progress)
    for notice in notices:
        tell(f"pgwright: {as_line(notice)}")
    if writes:
        with held():
            _write(found, request.directory)
    else:
        _show(found)
    _left(found)
    _end(found, writes)


def _show(found: Rewriting) -> None:
    """Print the changes as one diff, which `git apply` takes."""
    for edit in found.edits:
        say(_diff(edit.path, edit.before, edit.after))
    for file in found.new:
        say(_diff(file.path, "", file.text))


def _diff(path: Path, before: str, after: str) -> str:
    name = from_here(path).as_posix()
    lines = unified(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{name}" if before else "/dev/null",
        f"b/{name}",
    )
    return visible("".join(lines))


def _write(found: Rewriting, directory: AlembicDirectory) -> None:
    require_unchanged(found.edits)
    with ExitStack() as undo:
        for file in found.new:
            directory.add(file.path, file.text)
            undo.callback(file.path.unlink, missing_ok=True)
        write_edits(found.edits)
        undo.pop_all()
    for edit in found.edits:
        tell(f"edited {as_line(str(from_here(edit.path)))}: +{edit.added} −{edit.removed} lines")
    for file in found.new:
        tell(f"wrote {as_line(str(from_here(file.path)))}")


def _left(found: Rewriting) -> None:
    """Say once why findings are left, and name some of those that share the reason."""
    for reason in dict.fromkeys(one.reason for one in found.left):
        keys = [as_line(one.key) for one in found.left if one.reason == reason]
        if len(keys) == 1:
            tell(f"left to you: {keys[0]}: {as_line(reason)}")
            continue
        tell(f"left to you, {count(len(keys), 'finding')}: {as_line(reason)}")
        for key in keys[:_MOST_NAMED]:
            tell(f"  {key}")
        if len(keys) > _MOST_NAMED:
            tell(f"  … and {len(keys) - _MOST_NAMED:,} more, as pgwright migrations lint --all tells")


def _end(found: Rewriting, writes: bool) -> None:
    for note in found.notes:
        tell(as_line(note))
    if not found.edits:
        tell("nothing to rewrite." if not found.left else "nothing was rewritten; the reasons are above.")
        return
    mended = count(len(found.mended), "finding")
    same = "The schema at the end is the same, as the twin showed."
    if writes:
        tell(f"{mended} mended. {same} Review the files, then lint again.")
    else:
        tell(f"{mended} would be mended. {same} Write it: --write")
