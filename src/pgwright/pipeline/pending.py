"""Which revisions are pending, and on what they will run: what the user says, made an order to lint."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from alembic.util import CommandError

from pgwright.errors import ConfigError, MigrationError, NoDatabaseGiven
from pgwright.figures import count, listing
from pgwright.git import open_repository
from pgwright.migrations import AlembicDirectory
from pgwright.migrations.revision_file import ids_of
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.observing import LintOrder
from pgwright.pipeline.snapshot import SourceLike, take_snapshot


@dataclass(frozen=True)
class PendingRequest:
    """What the user says about the revisions to lint."""

    directory: AlembicDirectory
    source: SourceLike = None
    """Their database, or a snapshot of it."""
    since: str | None = None
    """The last revision that is not asked for; `base`: none, `-3`: the third from the head."""
    base: str | None = None
    """A git branch whose revisions are not asked for."""
    until: str | None = None
    is_without_database: bool = False
    """Read none, even where the environment names one."""
    policy: Policy | None = None
    server: Path | None = None


def lint_order(asked: PendingRequest, *, progress: Progress = silent) -> tuple[LintOrder, tuple[str, ...]]:
    """Return what is to be linted, and what the user should know about it.

    Raises: ConfigError: nothing says which revisions are pending. MigrationError: a revision that is named, or that the
        database has, is not there. GitError, DatabaseError.
    """
    if asked.since is not None and asked.base is not None:
        raise ConfigError("--since and --base both say where to start: give one of them.")
    if asked.is_without_database and asked.source is not None:
        raise ConfigError("--no-database reads none, and one is named: give one of them.")
    # Before the database is read: a wrong name costs nothing.
    directory, notices = asked.directory, tuple[str, ...]()
    since, until = _resolved(directory, asked.since), _until(directory, asked.until)
    if asked.base is not None:
        since, notices = _fork(directory, asked.base)
    snapshot = _snapshot(asked, progress)
    if since is None:
        if snapshot is None:
            raise ConfigError(
                "nothing says which revisions are pending. Name their database or a snapshot of it, which tells sizes "
                "too; or the branch that they are not on: --base main; or the revision before them: --since REVISION."
            )
        notices += _require_known(directory, snapshot)
    policy = asked.policy or (snapshot.policy if snapshot is not None else Policy())
    return LintOrder(directory, snapshot, since, until, policy, asked.server), notices


def _snapshot(asked: PendingRequest, progress: Progress) -> Snapshot | None:
    if asked.is_without_database:
        return None
    try:
        return take_snapshot(asked.source, policy=asked.policy, progress=progress)
    except NoDatabaseGiven:
        return None


def _resolved(directory: AlembicDirectory, name: str | None) -> str | None:
    """Return the whole id of a revision. Raises MigrationError."""
    if name is None or name == "base":
        return name
    try:
        found = directory.script.get_revisions(cast("Any", name))
    except CommandError as error:
        raise MigrationError(
            f"{directory.source} has no revision {name!r}: {error}. List them: alembic history"
        ) from error
    if len(found) != 1 or found[0] is None:
        raise MigrationError(f"{name!r} is not one revision of {directory.source}. List them: alembic history")
    return str(found[0].revision)


def _until(directory: AlembicDirectory, name: str | None) -> str:
    if name is not None and name not in ("head", "heads"):
        return _resolved(directory, name) or "heads"
    return directory.head or "heads" if directory.follows is not None else "heads"


def _require_known(directory: AlembicDirectory, snapshot: Snapshot) -> tuple[str, ...]:
    """Raise MigrationError where the database is ahead of the code; tell where it has no revision at all."""
    known = {one.revision for one in directory.script.walk_revisions()}
    found = snapshot.server.alembic_revisions
    if unknown := sorted(set(found) - known):
        raise MigrationError(
            f"the database {snapshot.server.database!r} is at {listing(unknown)}, which {directory.source} does not "
            "have: the code is behind it, or another branch was deployed. Check out what it runs, or say where to "
            "start: --since REVISION"
        )
    if not found and snapshot.tables:
        return ("the database has tables and no alembic_version, so every revision counts as pending; else: --since",)
    return ()


def _fork(directory: AlembicDirectory, branch: str) -> tuple[str, tuple[str, ...]]:
    """Return the newest revision that a branch of git has too, and how else the two differ.

    Raises: GitError. MigrationError: they share several lines of revisions.
    """
    repository = open_repository(Path(directory.script.dir))
    commit = repository.find_branch(branch)
    there: dict[str, tuple[str, bytes]] = {}
    for folder in directory.version_folders:
        for name, data in repository.files_at(commit, folder).items():
            if (revision := _id_of(data, name)) is not None:
                there[revision] = (name, data)
    here = {one.revision: one for one in directory.script.walk_revisions()}
    shared = here.keys() & there.keys()
    behind = {down for one in shared for down in here[one]._all_down_revisions}
    newest = sorted(shared - behind)
    if len(newest) > 1:
        raise MigrationError(
            f"the work tree and {branch!r} share {len(newest)} heads of {directory.source}: {listing(newest)}. "
            "Name the one to start after: --since REVISION"
        )
    notices = (*_only_there(branch, sorted(there.keys() - here.keys())), *_edited(branch, directory, there, shared))
    return (newest[0] if newest else "base"), notices


def _id_of(data: bytes, name: str) -> str | None:
    try:
        return ids_of(ast.parse(data), Path(name)).revision
    except (SyntaxError, ValueError, MigrationError):
        return None


def _only_there(branch: str, revisions: list[str]) -> Iterable[str]:
    if revisions:
        yield (
            f"{branch} has {count(len(revisions), 'revision')} that the work tree lacks ({listing(revisions)}): "
            "merged, there are two heads, unless these are rebased"
        )


def _edited(
    branch: str, directory: AlembicDirectory, there: dict[str, tuple[str, bytes]], shared: Iterable[str]
) -> Iterable[str]:
    changed = [one for one in sorted(shared) if directory.path_of(one).read_bytes() != there[one][1]]
    if changed:
        yield (
            f"{listing(changed)} differs from {branch}: a database that has it will not run it again, and it is not "
            "linted"
        )
