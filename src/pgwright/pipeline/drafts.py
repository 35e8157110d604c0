"""The code of findings, put into the files of the revisions, and into new ones after them; nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import indent

from pgwright.errors import MigrationError
from pgwright.migrations import AlembicDirectory, short_hash
from pgwright.migrations.editing import EditableRevision, following
from pgwright.model.finding import Finding
from pgwright.model.lint import Lint, LintedRevision
from pgwright.model.patch import FileEdit
from pgwright.model.revision_text import RevisionFile, RevisionText
from pgwright.model.rewriting import LeftToPerson, Rewriting
from pgwright.pipeline.pieces import Mending, Piece, pieces_of, with_downgrades
from pgwright.pipeline.revisions import whole
from pgwright.remedies import assembled
from pgwright.remedies.revision import in_docstring

_MARGIN = " " * 4


def draft(lint: Lint, directory: AlembicDirectory, findings: Collection[Finding]) -> Rewriting:
    """Return what becomes of the revisions when these findings are answered; `mended` is for the twin to fill.

    Raises: MigrationError: a file of that name exists.
    """
    drawn = Rewriting()
    for revision in lint.revisions:
        concerned = [one for one in findings if lint.revision_of(one) is revision]
        if concerned:
            drawn = _joined(drawn, _revision(lint, revision, directory, concerned, drawn))
    return drawn


def _joined(first: Rewriting, second: Rewriting) -> Rewriting:
    again = {one.path for one in second.edits}
    return Rewriting(
        edits=(*(one for one in first.edits if one.path not in again), *second.edits),
        new=(*first.new, *second.new),
        mended=(*first.mended, *second.mended),
        left=(*first.left, *second.left),
        notes=(*first.notes, *second.notes),
    )


def _revision(
    lint: Lint, revision: LintedRevision, directory: AlembicDirectory, findings: Sequence[Finding], drawn: Rewriting
) -> Rewriting:
    path = directory.path_of(revision.revision)
    text = _current(path, drawn)
    try:
        source = EditableRevision(text)
    except MigrationError as error:
        return Rewriting(left=tuple(LeftToPerson(one.key, str(error)) for one in findings))
    mendings, left = _mendings(revision, source, findings)
    if not mendings:
        return Rewriting(left=left)
    own, later = _apportioned(mendings, len(source.statements))
    imports = [line for pieces in own.values() for one in pieces for line in one.imports]
    try:
        after = source.with_statements({line: _code(pieces) for line, pieces in own.items()}, imports)
        after, undone = with_downgrades(after, mendings, later)
    except MigrationError as error:
        return Rewriting(left=(*left, *(LeftToPerson(one.finding.key, str(error)) for one in mendings)))
    new, notes = _new(revision, directory, later, undone)
    edits = [FileEdit(path, path.read_bytes().decode(), after), *_moved(revision, directory, new, drawn)]
    return Rewriting(tuple(edits), new, tuple(one.finding.key for one in mendings), left, notes)


def _current(path: Path, drawn: Rewriting) -> str:
    known = next((one.after for one in drawn.edits if one.path == path), None)
    return known if known is not None else path.read_bytes().decode()


def _mendings(
    revision: LintedRevision, source: EditableRevision, findings: Iterable[Finding]
) -> tuple[list[Mending], tuple[LeftToPerson, ...]]:
    """Return what can be done, at most one for each statement, in the order of the statements."""
    found: dict[int, Mending] = {}
    left: list[LeftToPerson] = []
    for finding in findings:
        try:
            made = _mending(revision, source, finding)
        except MigrationError as error:
            left.append(LeftToPerson(finding.key, str(error)))
            continue
        if (other := found.get(made.line)) is not None:
            left.append(LeftToPerson(finding.key, f"{other.finding.check} is answered first, at the same statement"))
            continue
        found[made.line] = made
    return [found[line] for line in sorted(found)], tuple(left)


def _mending(revision: LintedRevision, source: EditableRevision, finding: Finding) -> Mending:
    """Return where the code of a finding goes. Raises MigrationError: nowhere that a tool can be sure of."""
    if not finding.code.strip():
        raise MigrationError("what is safe here is for a person to decide")
    if finding.place is None or finding.place.file != revision.path:
        raise MigrationError("it is about no statement of the revision")
    statement = source.statement(finding.place.line)
    lines = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
    sent = sum(one.place.line in lines for one in revision.statements)
    if sent != 1:
        raise MigrationError(f"its line sends {sent} statements, of which one is to change")
    return Mending(finding, statement.lineno, tuple(pieces_of(finding.code)))


def _apportioned(mendings: Sequence[Mending], statements: int) -> tuple[dict[int, tuple[Piece, ...]], list[Piece]]:
    """Return what stands in the revision itself in place of statements, by their line, and what comes after it."""
    is_alone = statements == 1
    own: dict[int, tuple[Piece, ...]] = {}
    later: list[Piece] = []
    for one in mendings:
        moves = one.is_outside and not is_alone
        own[one.line] = () if moves else one.pieces[:1]
        later += one.pieces if moves else one.pieces[1:]
    if len(own) == statements and not any(own.values()):
        # Nothing would be left: the first that moves stays.
        own[mendings[0].line] = mendings[0].pieces[:1]
        later.remove(mendings[0].pieces[0])
    return own, later


def _code(pieces: Sequence[Piece]) -> str:
    return "\n".join(one.code for one in pieces)


def _new(
    revision: LintedRevision, directory: AlembicDirectory, pieces: Sequence[Piece], undone: Mapping[Piece, str]
) -> tuple[tuple[RevisionFile, ...], tuple[str, ...]]:
    """Return the revisions that finish one, each after the one before."""
    made: list[RevisionFile] = []
    follows = revision.revision
    for number, piece in enumerate(pieces, 2):
        message = f"{revision.message.rstrip('.') or revision.revision}, part {number}"
        text = _text(revision, piece, message, undone.get(piece, ""))
        chosen = short_hash(assembled(text, "", follows))
        path = directory.place(chosen, message, after=revision.revision)
        body, note = whole(text, directory, chosen, follows)
        made.append(RevisionFile(chosen, follows, message, path, body, note))
        follows = chosen
    return tuple(made), tuple(dict.fromkeys(one.note for one in made if one.note))


def _text(revision: LintedRevision, piece: Piece, message: str, undone: str) -> RevisionText:
    when = f"Run it after {piece.why}." if piece.why else "It runs outside of a transaction, and so by itself."
    downgrade = undone or f"# The downgrade() of {revision.revision} undoes it.\npass"
    imports = sorted(dict.fromkeys(piece.imports), key=lambda line: line.split()[1])
    docstring = in_docstring(f"{message}\n\n{when}")
    return RevisionText(docstring, "\n".join(imports), indent(piece.code, _MARGIN), indent(downgrade, _MARGIN), "")


def _moved(
    revision: LintedRevision, directory: AlembicDirectory, new: Sequence[RevisionFile], drawn: Rewriting
) -> Iterator[FileEdit]:
    """Yield the revisions that followed, made to follow the last new one."""
    if not new:
        return
    for one in directory.script.walk_revisions():
        if revision.revision in one._versioned_down_revisions:
            path = Path(one.path)
            text = _current(path, drawn)
            yield FileEdit(path, path.read_bytes().decode(), following(text, revision.revision, new[-1].id))
