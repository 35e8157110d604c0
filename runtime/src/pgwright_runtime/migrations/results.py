"""What a run of migrations did, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["runner", "health", "waiting", "running", "building", "retrying", "analyzing", "done"]


@dataclass(frozen=True)
class MigrationProgress:
    """How far a run is."""

    phase: Phase
    revision: str = ""
    number: int = 0
    """Of the revision, from 1 on; 0: none is begun."""
    of: int = 0
    """Revisions that this run has to do."""
    statement: str = ""
    done: int = 0
    total: int = 0
    """Of the step that the server counts, as blocks of a concurrent build; 0: it counts nothing."""
    reason: str = ""
    """Why it waits or tries again, in words."""


Tell = Callable[[MigrationProgress], None]
"""Called from the thread that watches, too."""


@dataclass(frozen=True)
class RanRevision:
    """One revision that ran to its end."""

    revision: str
    message: str
    is_upgrade: bool
    statements: int
    """That change something, those of an interrupted run before included."""
    resumed_after: int
    """Statements that an interrupted run had committed, and that were not run again."""
    seconds: float
    """From its first try to its commit, waits included."""
    waited_s: float
    """Of these, spent giving way and resting between tries."""
    tries: int
    locks: Mapping[str, str]
    """The strongest mode held on each table, as `pg_locks` had it before the commits."""
    analyzed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class MigrationRun:
    """What a run did."""

    database: str
    revisions: tuple[RanRevision, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())
    """What could not be watched or kept, with the reason."""
