"""EXPLAIN's JSON to a QueryPlan that can be compared and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgwright.model.advice import QueryPlan


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
    yield "  " * depth + " ".join(words)
    for child in node.get("Plans", ()):
        yield from _lines(child, depth + 1)
