"""One statement of the workload, with its counters. Times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """One statement of the workload, from `pg_stat_statements`."""

    query_id: int
    text: str
    """Normalised: constants are `$1`, `$2`, …"""
    role: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    deviation_ms: float
    rows: int
    blocks_hit: int
    blocks_read: int
    temporary_blocks_written: int

    @property
    def rows_per_call(self) -> float:
        return self.rows / self.calls if self.calls else 0.0

    @property
    def blocks_per_call(self) -> float:
        """Blocks of 8,192 bytes that a call reads, from the buffers or from the system."""
        return (self.blocks_hit + self.blocks_read) / self.calls if self.calls else 0.0


@dataclass(frozen=True)
class SlowStatement:
    """One of the statements that take most of the workload's time, and what would help."""

    query_id: int
    text: str
    """Normalised; cut where it is very long."""
    calls: int
    total_ms: float
    """Measured, of all its calls."""
    mean_ms: float
    rows_per_call: float
    share: float
    """Of the time of all statements that were read, in [0, 1]."""
    verdict: str
    """What to do about it, in a few words: the finding that mends it and what that saves, or why there is none."""
    finding: str = ""
    """Key of the finding that mends it; "" when none does."""


@dataclass(frozen=True)
class UnreadStatements:
    """Statements of this database that a snapshot does not hold: hidden from the role, or too many."""

    count: int
    total_ms: float


NONE_UNREAD = UnreadStatements(0, 0.0)
