"""Statements that may become slower: the planner can be wrong about rows, and a new index lets it act on that.

The inner side of a nested loop costs as often as the outer side has rows. If those are more than estimated, the cost
grows in proportion, while the plan before (a hash join, a sequential scan) hardly changes. If an advised index gives
them in another order than the table's, each look into the inner side meets another page: TPC-H Q7 became 1.6 times
slower so, although the lookups were the same as before. So the tolerance of a new plan is the factor by which they may
cost more than planned until the plan before would have been the cheaper one:

    1 + (cost before - cost after) / (cost of the inner sides of nested loops that an advised index takes part in)

Estimates of joins are often wrong by more than a factor of ten: Leis et al., "How good are query optimizers, really?",
VLDB 2015, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import psycopg

from pgwright.advisor.field import Field
from pgwright.advisor.pricer import members
from pgwright.model.advice import Risk
from pgwright.twin.plans import nodes

# A plan that is dearer by less is the same to the planner (STD_FUZZ_FACTOR of pathnode.c is 1 %).
_DEARER = 1.01
_THIN = 0.9
# Named below the first, for TPC-H Q7 had 2.8; a reason to leave an index out below the second.
_FRAGILE, _GRAVE = 3.0, 2.0


def find_risks(field: Field, chosen: int) -> dict[int, Risk]:
    """Return what may become slower under a choice, by the position of the statement in the workload."""
    found: dict[int, Risk] = {}
    for position in range(len(field.workload.statements)):
        used = field.used(position, chosen) & ~field.existing
        risk = _risk(field, position, chosen, used) if used else None
        if risk is not None:
            found[position] = risk
    return found


def is_grave(risk: Risk) -> bool:
    """Return whether a risk may keep an index out: not that of a clear gain which stays when the loop costs twice."""
    is_clear = risk.cost_after <= risk.cost_before * _THIN
    return not (is_clear and risk.tolerance is not None and risk.tolerance >= _GRAVE)


def _risk(field: Field, position: int, chosen: int, used: int) -> Risk | None:
    before, after = field.call_cost(position, field.existing), field.call_cost(position, chosen)
    tolerance = _tolerance(field, position, chosen, used)
    reason = _reason(before, after, tolerance)
    if reason is None:
        return None
    statement = field.workload.statements[position].statement
    weight = sum(field.pricer.queries[query].weight for query in field.queries_of[position])
    return Risk(
        query_id=statement.query_id,
        text=statement.text,
        calls=statement.calls,
        share=weight * before / field.base if field.base else 0.0,
        cost_before=before,
        cost_after=after,
        reason=reason,
        tolerance=tolerance,
        indexes=tuple(field.candidates[number].definition.outline for number in members(used)),
    )


def _reason(before: float, after: float, tolerance: float | None) -> str | None:
    if after > before * _DEARER:
        return (
            "Its new plan is dearer than the one before: the planner compares parts of plans, and kept the wrong one."
        )
    if after > before * _THIN:
        return "Its plan changes for a gain below 10 %, less than the planner's estimates are good for."
    if tolerance is not None and tolerance < _FRAGILE:
        return "Its new plan repeats a scan for each row of another; its lead is gone if those are more or scattered."
    return None


def _tolerance(field: Field, position: int, chosen: int, used: int) -> float | None:
    """Return the least tolerance of the plans of a statement; None where no advised index takes part in a loop."""
    names = {name for number in members(used) for name in field.candidates[number].parts}
    least: float | None = None
    field.twin.enable(field.candidates[number] for number in members(chosen))
    for query in field.queries_of[position]:
        asked = field.pricer.queries[query]
        try:
            root = field.twin.explained(asked.text, asked.values, role=asked.role)[0]["Plan"]
        except psycopg.Error:
            continue
        repeated = sum(_repeated(root, names))
        if repeated:
            gain = field.plans(field.existing)[query].cost - field.plans(chosen)[query].cost
            tolerance = max(1.0, 1 + gain / repeated)
            least = tolerance if least is None else min(least, tolerance)
    return least


def _repeated(node: Mapping[str, Any], names: set[str]) -> Iterator[float]:
    """Yield what each nested loop adds to its outer side, where either side reads one of these indexes."""
    children = node.get("Plans", ())
    if node["Node Type"] == "Nested Loop" and len(children) > 1:
        outer, inner = children[0], children[1]
        if outer["Plan Rows"] > 1 and any(one.get("Index Name") in names for one in (*nodes(outer), *nodes(inner))):
            yield node["Total Cost"] - outer["Total Cost"]
    for child in children:
        yield from _repeated(child, names)
