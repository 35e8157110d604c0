"""EXPLAIN's JSON to a QueryPlan that can be compared and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgwright.model.advice import QueryPlan
from pgwright.model.comparison import PlanNode, StatementPlan

# As EXPLAIN names them; a value may be a list.
_CONDITIONS = (
    "Index Cond", "Recheck Cond", "TID Cond", "Hash Cond", "Merge Cond", "Join Filter", "Order By", "Filter",
    "One-Time Filter", "Sort Key", "Presorted Key", "Group Key", "Cache Key",
)  # fmt: skip


def read_plan(explained: Any) -> QueryPlan:
    """Return the plan from what `EXPLAIN (FORMAT JSON)` gives: a list of one object."""
    root = explained[0]["Plan"]
    lines = list(_lines(root, 0))
    indexes = sorted({node["Index Name"] for node in nodes(root) if "Index Name" in node})
    return QueryPlan(root["Total Cost"], float(root["Plan Rows"]), "\n".join(lines), tuple(indexes))


def nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a plan node and all below it."""
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


def _lines(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    words = [node["Node Type"]]
    if node.get("Join Type") not in (None, "Inner"):
        words.append(node["Join Type"])
    if "Index Name" in node:
        words.append(f"using {node['Index Name']}")
    if "Relation Name" in node:
        words.append(f"on {node['Relation Name']}")
    if node.get("Scan Direction") == "Backward":
        words.append("backward")
    yield "  " * depth + " ".join(words).replace("\n", r"\n")  # a name has no line of its own
    for child in node.get("Plans", ()):
        yield from _lines(child, depth + 1)


def read_nodes(explained: Any) -> StatementPlan:
    """Return the nodes with their conditions, from what `EXPLAIN (FORMAT JSON)` gives."""
    root = explained[0]["Plan"]
    indexes = sorted({node["Index Name"] for node in nodes(root) if "Index Name" in node})
    return StatementPlan(tuple(_nodes(root, 0)), tuple(indexes))


def _nodes(node: Mapping[str, Any], depth: int) -> Iterator[PlanNode]:
    join = node.get("Join Type")
    yield PlanNode(
        depth=depth,
        kind=_kind(node),
        join=None if join == "Inner" else join,
        relation=node.get("Relation Name") or node.get("CTE Name") or node.get("Function Name"),
        index=node.get("Index Name"),
        row_estimate=float(node["Plan Rows"]),
        cost=node["Total Cost"],
        conditions=tuple((name, _text(node[name])) for name in _CONDITIONS if name in node),
    )
    for child in node.get("Plans", ()):
        yield from _nodes(child, depth + 1)


def _kind(node: Mapping[str, Any]) -> str:
    kind = str(node["Node Type"])
    if kind == "Aggregate" and node.get("Strategy") in ("Hashed", "Sorted"):
        kind = {"Hashed": "HashAggregate", "Sorted": "GroupAggregate"}[node["Strategy"]]
    if kind == "ModifyTable":
        kind = str(node["Operation"])
    partial = node.get("Partial Mode")
    parallel = "Parallel " if node.get("Parallel Aware") else ""
    backward = " Backward" if node.get("Scan Direction") == "Backward" else ""
    return f"{f'{partial} ' if partial in ('Partial', 'Finalize') else ''}{parallel}{kind}{backward}"


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
