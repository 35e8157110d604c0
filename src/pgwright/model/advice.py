"""What the planner says, and what the index advisor concludes from it. All costs are planner costs, no times."""

from __future__ import annotations

from dataclasses import dataclass

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import NotExamined


@dataclass(frozen=True)
class QueryPlan:
    """The plan of one statement."""

    total_cost: float
    row_estimate: float
    shape: str
    """Node types, relations and indexes, one node a line, indented; equal shapes are equal plans."""
    indexes: tuple[str, ...]
    """Names of the indexes that it uses, sorted."""


@dataclass(frozen=True)
class ServedStatement:
    """What one advised index does for one statement of the workload."""

    query_id: int
    text: str
    calls: int
    cost_before: float
    cost_after: float
    """With all advised indexes."""
    share: float
    """Of the whole workload's planned cost before, in [0, 1]."""


@dataclass(frozen=True)
class IndexAdvice:
    """One advised index and why."""

    definition: IndexDefinition
    serves: tuple[ServedStatement, ...]
    gain: float
    """Planned cost saved over all calls, per statement-weighted workload, less the write cost; cost units."""
    gain_share: float
    """The same as a share of the workload's planned cost, in [0, 1]."""
    size_bytes: int
    """Estimated."""
    writes: int
    """Rows inserted, and updated so that this index changes, since the statistics began."""
    write_cost: float
    """Planned cost of keeping the index over those writes; cost units."""
    reason: str
    """One sentence: why these columns in this order."""
    replaces: tuple[QualifiedName, ...] = ()
    """Existing indexes that it makes redundant."""
    is_partitioned: bool = False
    """True when its table is partitioned."""

    @property
    def sql(self) -> str:
        """Return the statement; concurrently where PostgreSQL can, which is not on a partitioned table."""
        return self.definition.sql(concurrently=not self.is_partitioned)


@dataclass(frozen=True)
class Advice:
    """What `advise` gives back."""

    indexes: tuple[IndexAdvice, ...]
    statements: int
    """Statements of the workload that were planned."""
    cost_before: float
    cost_after: float
    budget_bytes: int | None
    candidates: int
    plans: int
    """EXPLAIN calls made."""
    seconds: float
    unplanned: tuple[NotExamined, ...]
    """Statements that could not be parsed or planned, with their share of the workload."""
    limits: tuple[str, ...]
    """What the twin cannot know, in sentences."""
