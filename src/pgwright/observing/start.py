"""Where the pending revisions start: at the database's own, at a named one, or at none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from alembic.script.revision import RevisionError
from alembic.util import CommandError

from pgwright.errors import MigrationError
from pgwright.figures import listing
from pgwright.migrations import AlembicDirectory
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

BASE = "base"
_UNREAD = "the revision in alembic_version"
_MOST_NAMED = 3


@dataclass(frozen=True)
class Start:
    """What is there before the pending revisions, and which those are."""

    revisions: tuple[str, ...]
    """What `alembic_version` holds."""
    replayed: tuple[str, ...]
    """Revisions to run on an empty database first, oldest first; () where the snapshot's schema is the start."""
    pending: tuple[str, ...]
    """Oldest first."""
    is_of_snapshot: bool
    not_examined: tuple[NotExamined, ...] = ()


def start_of(
    directory: AlembicDirectory, snapshot: Snapshot | None, since: str | tuple[str, ...] | None, until: str
) -> Start:
    """Return where to start.

    Args:
        since: a revision, several heads, or `base`; None: where the database is, or at none without a snapshot.
    Raises: MigrationError: the revision is unknown, or the database is at one that the directory lacks.
    """
    # A named start serves also where nobody knows the database's own, or it is one of other code.
    current = snapshot.server.alembic_revisions if snapshot is not None else ()
    if since is not None:
        start = _named(directory, since)
    else:
        start = _current(directory, snapshot) if snapshot is not None else ()
    pending = _between(directory, start, _target(directory, until))
    is_read = snapshot is not None and all(one.what != _UNREAD for one in snapshot.not_examined)
    is_of_snapshot = is_read and start == tuple(sorted(current))
    replayed = () if is_of_snapshot or not start else _to(directory, start)
    return Start(start, replayed, pending, is_of_snapshot)


def _current(directory: AlembicDirectory, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the revisions of the database, which the directory knows."""
    database = snapshot.server.database
    unread = next((one for one in snapshot.not_examined if one.what == _UNREAD), None)
    if unread is not None:
        hint = f"; {unread.remedy}" if unread.remedy else ""
        raise MigrationError(
            f"it is unknown at which revision {database!r} is: {unread.reason}{hint}. Or name the revision: --since REV"
        )
    unknown = [one for one in snapshot.server.alembic_revisions if not _has(directory, one)]
    if unknown:
        raise MigrationError(
            f"the database {database!r} is at {listing(unknown, _MOST_NAMED)}, which {directory.source} does not have: "
            "the database is ahead of this code, or was migrated from another branch. Check out the code that it was "
            "migrated with, or name the last revision that both have: --since REV"
        )
    return tuple(sorted(snapshot.server.alembic_revisions))


def _named(directory: AlembicDirectory, since: str | tuple[str, ...]) -> tuple[str, ...]:
    if since == BASE:
        return ()
    try:
        found = directory.script.get_revisions(cast("Any", since))
    except (CommandError, RevisionError) as error:
        raise MigrationError(f"{directory.source} has no revision {since!r}: {error}. See: alembic history") from error
    return tuple(sorted(one.revision for one in found if one is not None))


def _target(directory: AlembicDirectory, until: str) -> str:
    """Return what Alembic is to come to: of several heads, all, unless one was named."""
    if until != "head":
        return until
    return directory.head or "heads" if directory.follows is not None else "heads"


def _between(directory: AlembicDirectory, start: tuple[str, ...], until: str) -> tuple[str, ...]:
    try:
        # Not Alembic's own list of steps, which imports all of them.
        found = list(directory.script.iterate_revisions(until, cast("Any", start), implicit_base=True))
    except (CommandError, RevisionError, KeyError) as error:
        raise MigrationError(
            f"the revisions of {directory.source} from {listing(start, _MOST_NAMED) or BASE} to {until} cannot be put "
            f"in order: {error}. See: alembic history"
        ) from error
    return tuple(one.revision for one in reversed(found))


def _to(directory: AlembicDirectory, revisions: Iterable[str]) -> tuple[str, ...]:
    """Return what leads from an empty database to these revisions."""
    found: dict[str, None] = {}
    for revision in revisions:
        for one in _between(directory, tuple(_heads(directory, found)), revision):
            found[one] = None
    return tuple(found)


def _heads(directory: AlembicDirectory, known: Iterable[str]) -> list[str]:
    """Return those revisions that none of the others follows."""
    all_ = list(known)
    followed = {parent for one in all_ for parent in directory.script.get_revision(one)._all_down_revisions}
    return [one for one in all_ if one not in followed]


def _has(directory: AlembicDirectory, revision: str) -> bool:
    try:
        return directory.script.get_revision(revision).revision == revision
    except (CommandError, RevisionError):
        return False
