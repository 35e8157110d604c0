"""Stage 1: read a database, or a file that holds a snapshot of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pgwright.model.policy import Policy
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import load_snapshot, read_snapshot

SourceLike = str | Path | Snapshot | None
"""A DSN, the path of a snapshot file, a Snapshot, or None for DATABASE_URL and the PG* variables."""


def take_snapshot(
    source: SourceLike = None, *, policy: Policy | None = None, with_values: bool = True, progress: Progress = silent
) -> Snapshot:
    """Read what the checks, the advisor and the twin need, in one read-only transaction; no rows.

    Args:
        source: a DSN, the path of a snapshot file, a Snapshot, or None for DATABASE_URL and the PG* variables.
        policy: what the team states; a policy that states something replaces the one in a file or a Snapshot.
        with_values: keep the sample values of `pg_stats`.
        progress: told of each subject before it is read.
    Returns: The snapshot; what could not be read stands in its `not_examined`.
    Raises: DatabaseError, ConfigError.
    """
    if isinstance(source, Snapshot):
        return _stating(source, policy)
    if isinstance(source, Path) or is_file(source):
        return _stating(load_snapshot(Path(source or "")), policy)
    return read_snapshot(source, policy=policy, with_values=with_values, progress=progress)


def is_file(source: SourceLike) -> bool:
    """True when what the user gave in place of a DSN is a file."""
    try:
        return isinstance(source, str | Path) and Path(source).is_file()
    except OSError:  # a DSN can be longer than a path may be
        return False


def _stating(snapshot: Snapshot, policy: Policy | None) -> Snapshot:
    return snapshot if policy is None or policy == Policy() else replace(snapshot, policy=policy)
