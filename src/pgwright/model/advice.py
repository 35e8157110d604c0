"""What the planner says, and what the index advisor concludes from it. All costs are planner costs, no times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.worth import Worth


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
    total_ms: float = 0.0
    """Measured, of all its calls."""


@dataclass(frozen=True)
class UnhelpedStatement:
    """A statement of notable time that no index helps: none brings its planned cost down, or not where the time is."""

    query_id: int
    text: str
    calls: int
    total_ms: float
    """Measured, of all its calls."""
    cost: float
    least_cost: float
    """With the best indexes that were tried for it."""


@dataclass(frozen=True)
class RunnerUp:
    """The next best index in the place of an advised one, and why it was not taken."""

    definition: IndexDefinition
    gain_share: float
    """What it would save as a share of the workload's planned cost, its write cost subtracted."""
    size_bytes: int


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
    """One or two sentences: why these columns in this order, and this kind of index."""
    runner_up: RunnerUp | None = None
    replaces: tuple[QualifiedName, ...] = ()
    """Existing indexes that it makes redundant."""
    is_partitioned: bool = False
    """True when its table is partitioned."""
    build_seconds: float = 0.0
    """Estimated, for one CREATE INDEX CONCURRENTLY on an idle machine of two cores."""
    hot_updates_lost: int = 0
    """Updates that were HOT over the observed time and would not be with this index; estimated."""
    worth: Worth | None = None
    """Measured time of the statements that it serves × the share of their planned cost that it saves; what several
    indexes save together is shared among them. None: the workload has no times."""

    @property
    def sql(self) -> str:
        """Return the statement; concurrently where PostgreSQL can, which is not on a partitioned table."""
        return self.definition.sql(concurrently=not self.is_partitioned)

    @property
    def lock(self) -> str:
        """Return the lock that building it takes on the table, and what that blocks."""
        if self.is_partitioned:
            return (
                "SHARE: blocks writes to the table and its partitions until the index is built; "
                "`pgwright fix` builds it concurrently, one partition after the other"
            )
        return "SHARE UPDATE EXCLUSIVE: reads and writes go on; waits for running transactions"


@dataclass(frozen=True)
class DroppedIndex:
    """An existing index that the advice makes dispensable, or that was so already."""

    name: QualifiedName
    table: QualifiedName
    sql: str
    """The statement that creates it again."""
    size_bytes: int
    covered_by: str
    """The index that does its work: the name of an existing one, or the keys of an advised one."""
    saved: float
    """Planned cost of keeping it over the observed writes; cost units."""


@dataclass(frozen=True)
class ChangedStatement:
    """An important statement with its plan before and after the advice."""

    query_id: int
    text: str
    calls: int
    share: float
    """Of the whole workload's planned cost before, in [0, 1]."""
    cost_before: float
    cost_after: float
    plan_before: str
    plan_after: str
    """Node types, relations and indexes, one node a line, indented."""


@dataclass(frozen=True)
class Risk:
    """A statement that may become slower with the advised indexes."""

    query_id: int
    text: str
    calls: int
    share: float
    """Of the whole workload's planned cost before, in [0, 1]."""
    cost_before: float
    cost_after: float
    reason: str
    """What could go wrong, one sentence."""
    tolerance: float | None
    """The new plan stays the cheaper one until each join and guess below its loops is wrong by this factor; None where
    there is no such loop."""
    indexes: tuple[str, ...]
    """Keys of the advised indexes that its new plan uses."""
    is_left_out: bool = False
    """True when the index was left out of the advice for this statement's sake."""


@dataclass(frozen=True)
class CurvePoint:
    """One point of the curve that shows what more bytes would gain."""

    size_bytes: int
    """Of all indexes up to here, estimated."""
    cost: float
    """Planned cost of the workload with them."""
    added: str
    """Keys of the index that this step adds; "" for the start."""


# "unanswered": the deadline came before any index was tried.
Ended = Literal["complete", "deadline", "unanswered", "interrupted"]


@dataclass(frozen=True)
class Advice:
    """What `advise` gives back."""

    kind: ClassVar[str] = "advice"

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
    planned_on: PlannedOn
    drops: tuple[DroppedIndex, ...] = ()
    changed: tuple[ChangedStatement, ...] = ()
    """The statements whose plan the advice changes, the largest saving first."""
    risks: tuple[Risk, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    """From no index to all advised ones, each step the best one left."""
    unplanned_share: float = 0.0
    """Share of the workload's time in statements that could not be planned, in [0, 1]."""
    beyond_share: float = 0.0
    """Share of the workload's time in statements that were not planned, because others take more and there are very
    many; in [0, 1]."""
    unsearched_share: float = 0.0
    """Share of the workload's time in statements for which no index was tried before the deadline, in [0, 1]."""
    first_answer_seconds: float = 0.0
    """When the first choice was there; 0 where there was none."""
    ended: Ended = "complete"
    """Why the search ended: nothing better found, the deadline (before any choice: unanswered), or Ctrl-C."""
    objective: str = ""
    """What was maximised, in words."""
    unhelped: tuple[UnhelpedStatement, ...] = ()
    """The dearest first."""
    workload_ms: float = 0.0
    """Measured, of all statements of the workload together."""
    observed_seconds: float | None = None
    """How long the workload was observed; None: nobody knows."""
