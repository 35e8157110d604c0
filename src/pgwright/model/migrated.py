"""What a run of migrations did to the databases that the app's env.py names, or would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class MigratedStatement:
    """Of a dry run: a statement of a revision that has not run."""

    sql: str
    locks: dict[str, str]
    """The mode by table, as far as the text says."""
    in_the_way: tuple[str, ...]
    """Who holds one of these now, so that it would wait."""
    is_outside_transaction: bool


@dataclass(frozen=True)
class MigratedRevision:
    """One revision that ran, or would run."""

    revision: str
    message: str
    statements: int
    """That change something; of a dry run, those that are known."""
    resumed_after: int = 0
    """Statements that an interrupted run had committed, and that were not run again."""
    seconds: float = 0.0
    """Until its commit, waits included."""
    waited_seconds: float = 0.0
    """Of these, giving way and resting between tries."""
    tries: int = 0
    locks: dict[str, str] | None = None
    """The strongest mode by table, as `pg_locks` had it; None of a dry run."""
    analyzed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    plan: tuple[MigratedStatement, ...] = ()
    """Of a dry run."""
    unknown: str = ""
    """Of a dry run: why not all of its statements are known."""


@dataclass(frozen=True)
class MigratedDatabase:
    """One database that env.py names."""

    database: str
    """Who connects where, without the password."""
    before: tuple[str, ...]
    """Its heads before."""
    after: tuple[str, ...]
    revisions: tuple[MigratedRevision, ...]
    pending: tuple[str, ...] = ()
    """Revisions that are left."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Migrated:
    """What `migrate` gives back."""

    kind: ClassVar[str] = "migration"

    source: str
    """The file that describes the Alembic directory."""
    target: str
    """The revision that was asked for, or `head`."""
    is_dry_run: bool
    is_done: bool
    """Nothing is left to do; of a dry run, nobody is in the way."""
    ended: str
    """How it ended, in words."""
    seconds: float
    databases: tuple[MigratedDatabase, ...]
