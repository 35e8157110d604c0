"""Which share of a table's rows an UPDATE or a DELETE takes, where the statistics tell."""

from __future__ import annotations

from typing import Any

from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.sqltext import Condition, StatementShape
from pgwright.sqltext.nodes import ast


def selected_share(shape: StatementShape, tree: Any, snapshot: Snapshot) -> float | None:
    """Return the share, in [0, 1]; None: it hangs on values, other tables or expressions."""
    if tree.whereClause is None and not getattr(tree, "fromClause", None) and not getattr(tree, "usingClause", None):
        return 1.0
    block = shape.blocks[0] if len(shape.blocks) == 1 else None
    is_one_test = isinstance(tree.whereClause, ast.NullTest | ast.BooleanTest | ast.ColumnRef | ast.A_Expr)
    if block is None or not is_one_test or len(block.conditions) != 1 or block.expressions or block.wrapped:
        return None
    condition = block.conditions[0]
    known = snapshot.statistics_by_column.get((condition.column.table, condition.column.column))
    return None if known is None else _share(condition, known)


def _share(condition: Condition, known: ColumnStatistics) -> float | None:
    if condition.operator == "is null":
        return known.null_fraction
    if condition.operator == "is not null":
        return 1 - known.null_fraction
    common = dict(zip(known.common_values or (), known.common_frequencies or (), strict=False))
    by_truth = {"is true": "t", "is false": "f"}.get(condition.operator)
    if by_truth is not None:
        return common.get(by_truth)
    return common.get(condition.value) if condition.operator == "=" and condition.value is not None else None
