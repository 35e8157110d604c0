"""Which revisions are pending, and on what they will run: what the user says, made an order to lint."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pgwright.errors import ConfigError, MigrationError, NoDatabaseGiven
from pgwright.figures import count, listing
from pgwright.git import open_repository
from pgwright.migrations import AlembicDirectory
from pgwright.migrations.revision_file import ids_of
from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.observing import LintOrder, start_of
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
    directory, notices, until = asked.directory, tuple[str, ...](), asked.until or "head"
    since: str | tuple[str, ...] | None = asked.since
    if asked.base is not None:
        since, notices = _fork(directory, asked.base)
    if since is not None:
        start_of(directory, None, since, until)  # before the database is read: a wrong name costs nothing
    snapshot = _snapshot(asked, progress)
    if since is None:
        if snapshot is None:
            raise ConfigError(
                "nothing says which revisions are pending. Name their database or a snapshot of it, which tells sizes "
                "too; or the branch that they are not on: --base main; or the revision before them: --since REVISION."
            )
        notices += _told(snapshot)
    policy = asked.policy or (snapshot.policy if snapshot is not None else Policy())
    return LintOrder(directory, snapshot, since, until, policy, asked.server), notices


def _snapshot(asked: PendingRequest, progress: Progress) -> Snapshot | None:
    if asked.is_without_database:
        return None
    try:
        return take_snapshot(asked.source, policy=asked.policy, progress=progress)
    except NoDatabaseGiven:
        return None


def _told(snapshot: Snapshot) -> tuple[str, ...]:
    if not snapshot.server.alembic_revisions and snapshot.tables:
        return ("the database has tables and no alembic_version, so every revision counts as pending; else: --since",)
    return ()


def _fork(directory: AlembicDirectory, branch: str) -> tuple[str | tuple[str, ...], tuple[str, ...]]:
    """Return the newest revisions that a branch of git has too, and how else the two differ. Raises GitError."""
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
    notices = (*_only_there(branch, sorted(there.keys() - here.keys())), *_edited(branch, directory, there, shared))
    return tuple(newest) or "base", notices


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
