"""What is done in batches, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from pgwright_runtime.batches.rows import FoundRow, Position
from pgwright_runtime.batches.walk import KeyWalk


@dataclass(frozen=True)
class Acted:
    """What was done with the rows of a batch."""

    counts: Mapping[str, int]
    """Rows that were changed or deleted, by table."""
    through: int
    """So many of the batch's rows, from its start, are dealt with; the next batch begins after them."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Rows of those that stay as they are, by reason."""

    @property
    def rows(self) -> int:
        """Rows that were changed or deleted, those of other tables included."""
        return sum(self.counts.values())


Act = Callable[[Connection, Sequence[FoundRow]], Acted]
"""Does the work on rows that are locked, in the batch's own transaction; a position that it keeps commits with it."""


@dataclass(frozen=True)
class BatchStep:
    """What a batch comes to, told before it commits."""

    position: Position | None
    """After which the next batch begins."""
    walked: int
    """Rows of the walk that this batch dealt with."""
    acted: Acted


Keep = Callable[[Connection, BatchStep], None]
"""Keeps the position, by a statement in the batch's own transaction: both are committed, or neither is."""


@dataclass(frozen=True)
class BatchJob:
    """One walk, and what is done with its rows."""

    name: str
    """In words, and the label of its metrics."""
    walk: KeyWalk
    act: Act
    tables: tuple[str, ...]
    """Names of the tables that it changes, as SQL has them: their locks and dead rows are watched."""
    total: int | None = None
    """Rows that the walk will find, or look at when it goes by windows; None: unknown."""
    start: Position | None = None
    """Begin after this position; None: at the beginning."""
    prepare: Callable[[Connection], None] | None = None
    """Sets what the batch's statements need, at the start of its transaction."""
    keep: Keep | None = None
    """Told of each batch, of those too whose window holds no row that is meant."""


@dataclass
class BatchTally:
    """What a job has done so far."""

    counts: dict[str, int] = field(default_factory=dict)
    """Rows that were changed or deleted, by table."""
    walked: int = 0
    """Rows of the walk that are dealt with; by windows, those that were looked at."""
    batches: int = 0
    seconds: float = 0
    """Spent in batches."""
    waited_s: float = 0
    """Spent waiting for replicas, locks, load and vacuum."""
    longest_s: float = 0
    """The longest batch."""
    position: Position | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    """Rows that stayed as they are, by reason."""

    @property
    def rows(self) -> int:
        """Rows that were changed or deleted."""
        return sum(self.counts.values())

    def add(self, acted: Acted) -> None:
        """Count a batch that is committed."""
        for into, more in ((self.counts, acted.counts), (self.left_out, acted.left_out)):
            for name, rows in more.items():
                into[name] = into.get(name, 0) + rows
