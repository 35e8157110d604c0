"""Statements that may become slower: the planner can be wrong about rows, and a new index lets it act on that.

The inner side of a nested loop costs as often as the outer side has rows. If those are more than estimated, the cost
grows in proportion, while the plan before (a hash join, a sequential scan) hardly changes. What the outer side was
estimated by is wrong by a factor for each join and each guess in it: "How good are query optimizers, really?" (Leis et
al., VLDB 2015, section 3) finds that errors grow exponentially with joins. So the tolerance of a new plan is the factor
f by which each of these may be wrong until the plan before would have been the cheaper one:

    cost before - cost after = sum over loops of (cost of the inner side) × (f ^ (joins and guesses outside) - 1)

Only a statement that runs as its plan says has much to lose. One that takes many times as long for each unit of cost as
others do has a plan already whose estimates are wrong, and what is expected of the new one is better than that.

`python bench/worth.py tpc-risks` measures it: no statement of TPC-H and TPC-DS that is not named became over 1.5 times
slower.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from pgwright.advisor.field import Field
from pgwright.advisor.pricer import members
from pgwright.advisor.rates import ms_a_cost, quantile
from pgwright.model.advice import Risk
from pgwright.twin.plans import nodes

# A plan that is dearer by less is the same to the planner (STD_FUZZ_FACTOR of pathnode.c is 1 %).
_DEARER = 1.01
# A gain below it is no clear one.
_THIN = 0.9
# Named below the first; a reason to leave an index out below the second.
_FRAGILE, _GRAVE = 3.0, 2.0
# A statement runs as its plan says where it takes at most so many times the time for each unit of cost that the fastest
# tenth of the statements takes.
_AS_PLANNED, _FASTEST = 1.8, 0.1
_LARGEST_FACTOR = 1_000.0
# Conditions are dependent where so many times the rows came back that two of them leave by the planner's product.
_TOO_FEW = 3.0
_JOINS = frozenset({"Nested Loop", "Hash Join", "Merge Join"})
_CONDITIONS = ("Filter", "Index Cond", "Recheck Cond")
# The planner knows nothing of what a function gives, unless an index on the expression has statistics.
_FUNCTION = re.compile(r"(?<!::)\b(?!ANY\b|ALL\b|AND\b|OR\b|NOT\b|IN\b)\w+\(", re.IGNORECASE)


@dataclass(frozen=True)
class _Repeated:
    """What a nested loop adds to its outer side."""

    cost: float
    steps: int
    """Joins and guesses that the number of its rows was estimated by."""


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
    """Return whether a risk may keep an index out: not that of a clear gain that stays when estimates are off twice."""
    is_clear = risk.cost_after <= risk.cost_before * _THIN
    return not (is_clear and risk.tolerance is not None and risk.tolerance >= _GRAVE)


def _risk(field: Field, position: int, chosen: int, used: int) -> Risk | None:
    before, after = field.call_cost(position, field.existing), field.call_cost(position, chosen)
    statement = field.workload.statements[position].statement
    names = {name for number in members(used) for name in field.candidates[number].parts}
    plans = _plans(field, position, chosen)
    tolerance = _tolerance(field, chosen, plans, names)
    reason = _reason(before, after, tolerance) if _runs_as_planned(field, position) else None
    forgotten = max((cost_of_dependence(root, names, statement.rows_per_call) for _, root in plans), default=0.0)
    if reason is None and forgotten and after + forgotten > before:
        reason = (
            "Its new plan ANDs the bitmaps of two indexes as if their conditions had nothing to do with each other; by "
            "the rows that came back they have."
        )
    if reason is None:
        return None
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
    if tolerance is not None and tolerance < _FRAGILE:
        return "Its new plan repeats a scan for each row of others; its lead is gone if those are more than estimated."
    return None


def _runs_as_planned(field: Field, position: int) -> bool:
    """Tell whether the measured time of a statement fits its planned cost, as far as times are known."""
    own = ms_a_cost(field, position)
    return not own or own <= _AS_PLANNED * quantile(field, _FASTEST)


def _plans(field: Field, position: int, chosen: int) -> Sequence[tuple[int, Mapping[str, Any]]]:
    """Return the plans of a statement under a choice: the query and the root of its plan."""
    found = []
    field.twin.enable(field.candidates[number] for number in members(chosen))
    for query in field.queries_of[position]:
        asked = field.pricer.queries[query]
        with suppress(psycopg.Error):
            found.append((query, field.twin.explained(asked.text, asked.values, role=asked.role)[0]["Plan"]))
    return found


def cost_of_dependence(node: Mapping[str, Any], names: set[str], rows: float, most: float = 0.0) -> float:
    """Return what a plan costs more that ANDs bitmaps, one of an advised index, when its rows are those that came back.

    0 where it does not, or expects about as many. Where a node above expects more rows than the scan, as a join that
    multiplies them, what came back tells nothing.

    Args:
        rows: that came back, a call.
        most: the most that a node above expects.
    """
    children, own = node.get("Plans", ()), node["Plan Rows"]
    if node["Node Type"] == "Bitmap Heap Scan" and rows > _TOO_FEW * own and most <= own:
        below = [one for child in children for one in nodes(child)]
        is_and = any(one["Node Type"] == "BitmapAnd" for one in below)
        if is_and and any(one.get("Index Name") in names for one in below):
            return float(node["Total Cost"] * (rows / max(1.0, own) - 1))
    return max((cost_of_dependence(child, names, rows, max(most, own)) for child in children), default=0.0)


def _tolerance(
    field: Field, chosen: int, plans: Sequence[tuple[int, Mapping[str, Any]]], names: set[str]
) -> float | None:
    """Return the least tolerance of the plans of a statement; None where no advised index takes part in a loop."""
    least: float | None = None
    for query, root in plans:
        if repeated := [one for one in _repeated(root, names) if one.steps]:
            gain = field.plans(field.existing)[query].cost - field.plans(chosen)[query].cost
            tolerance = _factor(gain, repeated)
            least = tolerance if least is None else min(least, tolerance)
    return least


def _factor(gain: float, repeated: Sequence[_Repeated]) -> float:
    """Return the factor a step at which loops cost as much more as the plan gains; at least 1."""
    low, high = 1.0, _LARGEST_FACTOR
    while high - low > 0.01 * low:
        middle = (low * high) ** 0.5
        lost = sum(one.cost * (middle**one.steps - 1) for one in repeated)
        low, high = (middle, high) if lost < gain else (low, middle)
    return low


def _repeated(node: Mapping[str, Any], names: set[str]) -> Iterator[_Repeated]:
    """Yield what each nested loop adds to its outer side, where either side reads one of these indexes."""
    children = node.get("Plans", ())
    if node["Node Type"] == "Nested Loop" and len(children) > 1:
        outer, inner = children[0], children[1]
        if outer["Plan Rows"] > 1 and any(one.get("Index Name") in names for one in (*nodes(outer), *nodes(inner))):
            yield _Repeated(node["Total Cost"] - outer["Total Cost"], sum(map(_steps, nodes(outer))))
    for child in children:
        yield from _repeated(child, names)


def _steps(node: Mapping[str, Any]) -> int:
    """Return how many joins and guesses a node of a plan adds."""
    guesses = any(_FUNCTION.search(str(node.get(condition, ""))) for condition in _CONDITIONS)
    return (node["Node Type"] in _JOINS) + guesses
