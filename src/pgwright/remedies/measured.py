"""What a proof says of single remedies: which statements use what they build, and how much faster those got."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pgwright.figures import milliseconds, times
from pgwright.model.change import (
    AnalyzeTable,
    Change,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    UniqueAmongLiving,
)
from pgwright.model.proof import MeasuredStatement, Proof
from pgwright.model.remedy import Remedy

# The last part of a name as SQL text.
_LAST = re.compile(r'(?:"((?:[^"]|"")*)"|([^".]+))\Z')
_MOST_NAMED = 2


def measured_gains(remedy: Remedy, proof: Proof | None) -> tuple[str, ...]:
    """Return what statements that a remedy serves gained by it, in figures, what saves most first."""
    if proof is None:
        return ()
    found = sorted(served(remedy, proof), key=lambda one: -one.saved_ms)
    return tuple(
        f"{milliseconds(one.before.median_ms)} → {milliseconds(one.after.median_ms)} a call, "
        f"{times(one.ratio)} times faster"
        for one in found[:_MOST_NAMED]
    )


def served(remedy: Remedy, proof: Proof) -> Iterator[MeasuredStatement]:
    """Yield the statements that got faster by evidence, and by the plan that uses what the remedy makes."""
    plans = {one.query_id: one.plan_after for one in proof.planned}
    for one in proof.statements:
        is_evidence = one.verdict == "faster" and one.results_equal and one.is_representative
        if is_evidence and any(_says(plans.get(one.query_id, ""), name) for name in _made(remedy)):
            yield one


def slowed(remedy: Remedy, proof: Proof) -> Iterator[MeasuredStatement]:
    """Yield the statements that got worse, and whose plan used what the remedy takes away."""
    plans = {one.query_id: one.plan_before for one in proof.planned}
    for one in proof.statements:
        is_worse = one.verdict in ("slower", "results differ")
        if is_worse and any(_says(plans.get(one.query_id, ""), name) for name in _taken(remedy.change)):
            yield one


def _made(remedy: Remedy) -> Iterable[str]:
    """Return the words of a plan that uses what the remedy makes: of an index, else of a table."""
    change = remedy.change
    if isinstance(change, CreateIndex | RebuildIndex):
        return {f"using {_last(step.builds)}" for step in remedy.upgrade if step.builds}
    if isinstance(change, ConvertColumns):
        return {f"on {one.table.name}" for one in change.columns}
    return {f"on {change.table.name}"} if isinstance(change, AnalyzeTable) else ()


def _taken(change: Change) -> Iterable[str]:
    """Return the words of a plan that uses what a change takes away."""
    if isinstance(change, DropIndex):
        return {f"using {change.name.name}"}
    return {f"using {change.replaces.name}"} if isinstance(change, UniqueAmongLiving) else ()


def _last(name: str) -> str:
    found = _LAST.search(name)
    assert found is not None
    return found[2] or found[1].replace('""', '"')


def _says(plan: str, words: str) -> bool:
    """Tell whether a plan's text holds these words, not as the beginning of others."""
    return re.search(rf"{re.escape(words)}(?![\w$])", plan) is not None
