"""Stage 3, the end: a fix as files for the app's Alembic directory, which are not written yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from pgwright.errors import MigrationError
from pgwright.migrations import AlembicDirectory, short_hash
from pgwright.model.revision_text import RevisionFile, RevisionText
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import Part, assembled, revision_text, with_width


def revision_files(
    parts: Sequence[Part],
    snapshot: Snapshot,
    directory: AlembicDirectory,
    *,
    has_runtime: bool,
    first_id: str | None = None,
    with_models: bool = True,
) -> tuple[RevisionFile, ...]:
    """Return the revisions of a fix, each after the one before, the first after the head. Writes nothing.

    Args:
        has_runtime: where they run, the runtime can be imported.
        first_id: the id of the first; the next have a number after it. None: a short hash of their text.
        with_models: the docstring says what to write in the models.
    Raises: MigrationError: there are several heads, or such a revision exists.
    """
    text_of = partial(_text_of, snapshot=snapshot, has_runtime=has_runtime, with_models=with_models)
    return files_of([(part.message, text_of(part)) for part in parts], directory, first_id)


def files_of(
    texts: Sequence[tuple[str, RevisionText]], directory: AlembicDirectory, first_id: str | None = None
) -> tuple[RevisionFile, ...]:
    """Return the files of revisions, each with its message; as `revision_files`."""
    return tuple(_files(texts, directory, first_id))


def _text_of(part: Part, *, snapshot: Snapshot, has_runtime: bool, with_models: bool) -> RevisionText:
    return revision_text(
        part.fix,
        message=part.message,
        database=snapshot.server.database,
        taken_at=snapshot.taken_at,
        has_runtime=has_runtime,
        with_models=with_models,
    )


def _files(
    texts: Sequence[tuple[str, RevisionText]], directory: AlembicDirectory, first_id: str | None
) -> Iterator[RevisionFile]:
    follows = directory.head
    for number, (message, text) in enumerate(texts, start=1):
        # The template writes the time, and the same fix of the same snapshot has the same id.
        hashed = short_hash(assembled(text, "", follows))
        chosen = hashed if first_id is None else first_id if number == 1 else f"{first_id}_{number}"
        text_of_file, note = whole(text, directory, chosen, follows)
        yield RevisionFile(chosen, follows, message, directory.place(chosen, message), text_of_file, note)
        follows = chosen


def whole(text: RevisionText, directory: AlembicDirectory, revision: str, follows: str | None) -> tuple[str, str]:
    """Return the text of a file in the form of the app's template, or in one of ours and why."""
    try:
        return with_width(directory.in_template(text, revision, follows)), ""
    except MigrationError as error:
        return assembled(text, revision, follows), f"{error}. The revision gets a form of its own"
