"""What production would do with a statement, as it is and after a change that was only tried on the twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn

ValuesFrom = Literal["none", "given", "statistics", "generic plan"]


@dataclass(frozen=True)
class PlanNode:
    """One node of a plan. Costs are planner costs."""

    depth: int
    """0 for the root."""
    kind: str
    """As EXPLAIN names it: `Index Scan`, `Hash Join`."""
    join: str | None
    """`Left`, `Semi`, …; None where nothing is joined, or plainly."""
    relation: str | None
    index: str | None
    row_estimate: float
    cost: float
    """Total, that of the nodes below included."""
    conditions: tuple[tuple[str, str], ...]
    """What EXPLAIN says of conditions and keys, by its own names: `Index Cond`, `Filter`, `Sort Key`."""
    is_changed: bool = False
    """True when the other plan has no such node in this place."""


@dataclass(frozen=True)
class StatementPlan:
    """A whole plan, the root first."""

    nodes: tuple[PlanNode, ...]
    indexes: tuple[str, ...]
    """Names of the indexes that it uses, sorted."""

    @property
    def cost(self) -> float:
        return self.nodes[0].cost


@dataclass(frozen=True)
class TriedIndex:
    """An index that exists on the twin only."""

    name: str
    sql: str
    size_bytes: int
    """Estimated."""
    is_used: bool


@dataclass(frozen=True)
class StatementComparison:
    """The plan of one statement, before a change and after it."""

    kind: ClassVar[str] = "plan"

    database: str
    server_version: str
    taken_at: str
    """When the snapshot was taken that the twin was built from."""
    planned_on: PlannedOn
    text: str
    query_id: int | None
    """None: not a statement of the workload."""
    values: tuple[str | None, ...]
    """What `$1`, `$2`, … were planned with; empty with a generic plan."""
    values_from: ValuesFrom
    before: StatementPlan
    after: StatementPlan | None
    """None: no change was asked for."""
    added: tuple[TriedIndex, ...]
    removed: tuple[str, ...]
    """Existing indexes that were hidden."""
    settings: tuple[tuple[str, str], ...]
    """Those that differ between the plans."""
    limits: tuple[NotExamined, ...]
    """What the twin does not have, or plans otherwise."""
    context: tuple[tuple[str, str], ...] = ()
    """Settings of both plans: the role, and what policies read."""

    @property
    def ratio(self) -> float | None:
        """Cost after over cost before; below 1 is cheaper. None without a change."""
        if self.after is None:
            return None
        return self.after.cost / self.before.cost if self.before.cost else 1.0
