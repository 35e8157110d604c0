"""What came of a run of backfills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FailedRow:
    """A row that could not be done."""

    key: tuple[str, ...]
    """Its key, or its place in a table without one, as text: what the database holds, to be shown with care."""
    reason: str
    """Without values."""


@dataclass(frozen=True)
class BackfillRun:
    """What came of one backfill in a run."""

    name: str
    table: str
    """With its schema, quoted."""
    is_done: bool
    """No row is left to do: it was counted, window by window, after the last batch."""
    ended: str
    """How it ended, in words: `done`, `done before`, `out of time`, `refused`, …"""
    changed: int = 0
    """Rows that this run changed."""
    left: int | None = None
    """Rows that were still to do when all were looked at; None: they were not."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Of the rows that are left, how many for which reason, as far as it is known."""
    failed: tuple[FailedRow, ...] = ()
    """The first of the rows that could not be done."""
    batches: int = 0
    seconds: float = 0
    """The whole of it, waits included."""
    waited_s: float = 0
    """Spent giving way to replicas, locks, load and vacuum."""
    longest_s: float = 0
    """The longest batch."""
    refusals: tuple[str, ...] = ()
    """Why it cannot run, as it is declared or as the database is."""
    notes: tuple[str, ...] = ()
    """What was not watched, with the reason."""

    @property
    def rate(self) -> float:
        """Rows changed per second."""
        return self.changed / self.seconds if self.seconds > 0 else 0.0
