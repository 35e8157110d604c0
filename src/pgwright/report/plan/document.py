"""How the JSON of a StatementComparison differs from its dataclasses."""

from __future__ import annotations

from pgwright.model.comparison import PlanNode, StatementComparison, StatementPlan
from pgwright.report.shape import Shape, Shapes


def settings(result: StatementComparison) -> dict[str, str]:
    """Settings that were changed."""
    return dict(result.settings)


def context(result: StatementComparison) -> dict[str, str]:
    """Settings of both plans: the role, and what policies read."""
    return dict(result.context)


def conditions(node: PlanNode) -> dict[str, str]:
    """What EXPLAIN says of conditions and keys, by its own names: `Index Cond`, `Filter`, `Sort Key`."""
    return dict(node.conditions)


SHAPES: Shapes = {
    StatementComparison: Shape(last=(settings, context, "ratio")),
    StatementPlan: Shape(first=("cost", "indexes")),
    PlanNode: Shape(last=(conditions,)),
}
