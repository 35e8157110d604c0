"""What a retention deleted, or would delete: by the policies that a team states beside its models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgwright.model.revision_text import RevisionText


@dataclass(frozen=True)
class RetainedRule:
    """One policy on one table."""

    name: str
    """`table (column)`."""
    says: str
    """What makes a row due, in words."""
    rows: dict[str, int]
    """Rows that went, or would go, by table: the due ones, and those that hang on them. Counted."""
    kept: dict[str, int]
    """Due rows that stay, by reason. Counted."""
    walk: str = ""
    """How the due rows are found; "" after a run."""
    advice: tuple[str, ...] = ()
    partitioning: RevisionText | None = None
    """Of a dry run: the revision that partitions the table, where that would serve better and nothing prevents it."""
    batches: int = 0
    seconds: float = 0.0
    """Spent in batches."""
    waited_seconds: float = 0.0
    """Spent giving way to replicas, locks, load and vacuum."""
    longest_ms: float = 0.0
    """The longest batch."""

    @property
    def total(self) -> int:
        """Rows that went, or would go."""
        return sum(self.rows.values())


@dataclass(frozen=True)
class RetainedPartitions:
    """One policy on a partitioned table; names are quoted, with their schema."""

    table: str
    created: tuple[str, ...]
    """Made, or to be made."""
    detached: tuple[str, ...]
    dropped: tuple[str, ...]
    left: dict[str, str]
    """Not made, or still there, with the reason and what to do; of a dry run empty, for that is seen by trying."""
    notes: tuple[str, ...] = ()
    is_busy: bool = False
    """Another run was at work on the table, so nothing was done."""


@dataclass(frozen=True)
class Retained:
    """What `retain` gives back."""

    kind: ClassVar[str] = "retention"

    policies: str
    """What was imported: `module:attribute`."""
    database: str
    server: str
    """Host and port, as the server knows them."""
    at: str
    """The moment that counts, by the server's clock."""
    is_dry_run: bool
    rules: tuple[RetainedRule, ...]
    """In the order in which they run: children before parents. Of a run, those that were begun."""
    is_done: bool
    """False: rows that are due are left; of a dry run, that nothing keeps it from running."""
    ended: str
    """How it ended, in words."""
    seconds: float
    faults: tuple[str, ...] = ()
    """Of a dry run: why it cannot run."""
    refusals: tuple[str, ...] = ()
    """Of a dry run: why it does not run unless it is forced."""
    notes: tuple[str, ...] = ()
    """What was not watched, with the reason."""
    partitions: tuple[RetainedPartitions, ...] = ()

    @property
    def total(self) -> int:
        """Rows that went, or would go."""
        return sum(rule.total for rule in self.rules)
