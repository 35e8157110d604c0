"""What a retention would do, and what it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pgwright_runtime.retention.partitions import PartitionAdvice, PartitionPlan, PartitionReport


@dataclass(frozen=True)
class PlannedRule:
    """One rule: what would go, and how."""

    name: str
    """`table (column)`."""
    says: str
    """What makes a row due, in words."""
    rows: Mapping[str, int]
    """Rows that would go, by table: the due ones, and those that hang on them. Counted."""
    kept: Mapping[str, int]
    """Due rows that would stay, by reason. Counted."""
    walk: str
    """How the due rows are found."""
    advice: tuple[str, ...]
    partitioning: PartitionAdvice | None = None
    """That partitions would serve better, with the revision that makes them."""


@dataclass(frozen=True)
class RetentionPlan:
    """What would go at one moment."""

    at: datetime
    """By the server's clock."""
    database: str
    server: str
    """Where the database is: host and port, as the connection knows them."""
    rules: tuple[PlannedRule, ...]
    """In the order in which they run: children before parents."""
    faults: tuple[str, ...]
    """Why it cannot run."""
    refusals: tuple[str, ...]
    """Why it does not run unless it is forced."""
    partitions: tuple[PartitionPlan, ...] = ()
    """Partitions that would be made, detached and dropped."""

    @property
    def rows(self) -> int:
        """Rows that would go."""
        return sum(sum(rule.rows.values()) for rule in self.rules)


@dataclass(frozen=True)
class RuleRun:
    """What one rule did."""

    name: str
    says: str
    rows: Mapping[str, int]
    """Rows that went, by table: the due ones, and those that hung on them."""
    kept: Mapping[str, int]
    """Due rows that stayed, by reason."""
    batches: int
    seconds: float
    """In batches."""
    waited_s: float
    """Spent giving way to replicas, locks, load and vacuum."""
    longest_s: float
    """The longest batch."""


@dataclass(frozen=True)
class RetentionRun:
    """What a run did."""

    at: datetime
    """By the server's clock; what was due then went."""
    database: str
    server: str
    rules: tuple[RuleRun, ...]
    """Those that were begun, in their order."""
    seconds: float
    is_done: bool
    """False: it ended before all that is due was gone; the next run goes on."""
    ended: str
    """How it ended: `done`, `out of time`, `stopped` or `gave way`, with the reason."""
    notes: tuple[str, ...]
    """What was not watched, with the reason."""
    partitions: tuple[PartitionReport, ...] = ()
    """Partitions that were made, detached and dropped."""

    @property
    def rows(self) -> int:
        """Rows that went."""
        return sum(sum(rule.rows.values()) for rule in self.rules)
