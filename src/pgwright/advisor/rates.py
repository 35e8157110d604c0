"""Measured time for each unit of planned cost: how far the plan of a statement is from what it really does."""

from __future__ import annotations

from pgwright.advisor.field import Field


def ms_a_cost(field: Field, position: int) -> float:
    """Return the milliseconds of one call for each unit of its cost without new indexes; 0 where no time is known."""
    cost = field.call_cost(position, field.existing)
    return field.workload.statements[position].statement.mean_ms / cost if cost else 0.0


def quantile(field: Field, share: float) -> float:
    """Return the rate that this share of the workload's statements does not exceed; 0 where no time is known."""
    known = sorted(rate for one in range(len(field.workload.statements)) if (rate := ms_a_cost(field, one)))
    return known[min(int(len(known) * share), len(known) - 1)] if known else 0.0
