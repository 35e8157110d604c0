"""What backfills did, would do, or have come to: as revisions declared them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

Mode = Literal["run", "dry run", "status"]


@dataclass(frozen=True)
class UnfilledRow:
    """A row that could not be done."""

    key: tuple[str, ...]
    """Its key, as the database has it."""
    reason: str


@dataclass(frozen=True)
class BackfilledTable:
    """One backfill."""

    name: str
    table: str
    """With its schema, quoted."""
    is_done: bool
    says: str
    """How it ended; of a dry run how its rows are found; of its state the word: declared, running, done."""
    reads: str = ""
    """What it makes from what, in the words of its declaration."""
    sets: dict[str, str] = field(default_factory=dict)
    """Of a dry run: by column, the expression."""
    where: str = ""
    """Of a dry run: what holds for rows that are to do."""
    rows: int | None = None
    """Rows of the table, estimated; null after a run."""
    walked: int | None = None
    """Of its state: rows that were looked at since it began. Counted."""
    left: int | None = None
    """Rows that are still to do. Counted; null where that was not looked at, or would take long."""
    changed: int = 0
    """Rows that were changed; of its state, by all runs. Counted."""
    rate: float | None = None
    """Rows per second, waits included. Measured."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Of the rows that are left, how many for which reason. Counted."""
    failed: tuple[UnfilledRow, ...] = ()
    """The first of the rows that could not be done."""
    triggers: tuple[str, ...] = ()
    """Of a dry run: triggers of the table that fire for each row."""
    refusals: tuple[str, ...] = ()
    """Why it cannot run."""
    batches: int = 0
    seconds: float = 0.0
    waited_seconds: float = 0.0
    """Spent giving way to replicas, locks, load and vacuum."""
    longest_ms: float = 0.0
    """The longest batch."""
    notes: tuple[str, ...] = ()
    """What was not watched, with the reason; of its state, when it last did something."""


@dataclass(frozen=True)
class Backfilled:
    """What `backfill` gives back."""

    kind: ClassVar[str] = "backfill"

    database: str
    server: str
    """Who connected, and where."""
    mode: Mode
    backfills: tuple[BackfilledTable, ...]
    """In the order of their declaration."""
    is_done: bool
    """Of a run and of the state: nothing is left to do; of a dry run: nothing keeps them from running."""

    @property
    def changed(self) -> int:
        """Rows that were changed."""
        return sum(one.changed for one in self.backfills)
