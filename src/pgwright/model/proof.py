"""What was proved: planned on the twin, measured on a copy, results compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn

Verdict = Literal["faster", "same", "slower", "results differ"]


@dataclass(frozen=True)
class Timing:
    """Repeated runs of one thing, warm."""

    runs: int
    median_ms: float
    low_ms: float
    """First quartile."""
    high_ms: float
    """Third quartile."""
    buffers: int | None
    """Shared blocks hit and read in one run; None where it was not counted."""


@dataclass(frozen=True)
class PlannedStatement:
    query_id: int
    text: str
    calls: int
    cost_before: float
    cost_after: float
    plan_before: str
    plan_after: str


@dataclass(frozen=True)
class MeasuredStatement:
    query_id: int
    text: str
    calls: int
    before: Timing
    after: Timing
    results_equal: bool
    verdict: Verdict

    @property
    def ratio(self) -> float:
        """How many times faster after: before ÷ after, by medians."""
        return self.before.median_ms / self.after.median_ms if self.after.median_ms else float("inf")


@dataclass(frozen=True)
class MeasuredOperation:
    """One of the app's own operations, before on the copy as it was, after on the copy with the fix."""

    name: str
    before: Timing
    after: Timing
    queries_before: int
    queries_after: int
    results_equal: bool
    verdict: Verdict

    @property
    def ratio(self) -> float:
        """How many times faster after: before ÷ after, by medians."""
        return self.before.median_ms / self.after.median_ms if self.after.median_ms else float("inf")


@dataclass(frozen=True)
class MeasuredWrite:
    """What the fix costs, or saves, on writes to one table."""

    table: str
    action: Literal["INSERT", "UPDATE", "DELETE"]
    rows: int
    before: Timing
    after: Timing
    """For all the rows together."""


@dataclass(frozen=True)
class Proof:
    """What `prove` gives back."""

    kind: ClassVar[str] = "proof"

    server_version: str
    """Of the server that the copies were measured on."""
    planned_on: PlannedOn
    pgwright_version: str
    revision: str
    """What was applied to the copy: Alembic revisions, or the name of an SQL file."""
    apply_seconds: float
    row_counts: dict[str, int]
    planned: tuple[PlannedStatement, ...]
    statements: tuple[MeasuredStatement, ...]
    operations: tuple[MeasuredOperation, ...]
    writes: tuple[MeasuredWrite, ...]
    bytes_before: int
    bytes_after: int
    not_examined: tuple[NotExamined, ...]
