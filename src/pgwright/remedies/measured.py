"""What a proof says of single remedies: which statements use what they build, and how much faster those got.

A plan tells which remedy a statement gained by; a measurement, how much.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from shlex import quote

from pgwright.figures import listing
from pgwright.model.change import (
    AnalyzeTable,
    CascadeDelete,
    Change,
    ConvertColumns,
    CreateIndex,
    DropIndex,
    RebuildIndex,
    UniqueAmongLiving,
)
from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.gain import MeasuredGain
from pgwright.model.not_examined import NotExamined
from pgwright.model.proof import MeasuredStatement, Proof
from pgwright.model.remedy import Remedy
from pgwright.sqltext import gist

# The last part of a name as SQL text.
_LAST = re.compile(r'(?:"((?:[^"]|"")*)"|([^".]+))\Z')

_MOST_NAMED, _STATEMENT = 3, 60


def with_measured(fix: Fix, proof: Proof) -> Fix:
    """Return a fix with what was measured of it, and of each remedy."""
    remedies = tuple(replace(remedy, measured=_gains(remedy, proof)) for remedy in fix.remedies)
    return replace(fix, remedies=remedies, proof=proof)


def _gains(remedy: Remedy, proof: Proof) -> tuple[MeasuredGain, ...]:
    found = sorted(served(remedy, proof), key=lambda one: -one.saved_ms)
    return tuple(MeasuredGain(one.query_id, one.before.median_ms, one.after.median_ms) for one in found)


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


def vain(fix: Fix, proof: Proof) -> dict[Remedy, str]:
    """Return the remedies that do not help by these measurements, each with the reason."""
    built = {remedy.change.definition.table for remedy in fix.remedies if isinstance(remedy.change, CreateIndex)}
    found: dict[Remedy, str] = {}
    for remedy in fix.remedies:
        change = remedy.change
        if isinstance(change, AnalyzeTable) and change.table in built:
            continue  # it goes with the index on whose account it is here
        if isinstance(change, CascadeDelete):
            continue  # it is about what a DELETE does, not about time
        if isinstance(change, DropIndex | UniqueAmongLiving):
            worse = [gist(one.text, _STATEMENT) for one in slowed(remedy, proof)]
            if worse:
                found[remedy] = f"measured on copies, what used the old index got slower: {listing(worse, _MOST_NAMED)}"
        elif not any(served(remedy, proof)):
            found[remedy] = "measured on copies, no statement got faster by it"
    return found


def left_out(remedy: Remedy, reason: str) -> NotExamined:
    """Say that a remedy is not written."""
    command = f"pgwright fix --only {quote(remedy.findings[0])}" if remedy.findings else ""
    return NotExamined(", ".join(remedy.findings) or remedy.title, reason, f"write it all the same: {command}")


def without(findings: Iterable[Finding], remedies: Iterable[Remedy]) -> tuple[Finding, ...]:
    """Return findings that ask for nothing that became one of these remedies."""
    gone = list(remedies)

    def kept(finding: Finding) -> Finding:
        asked = [one for one in finding.changes if not any(_became(one, finding, remedy) for remedy in gone)]
        return replace(finding, changes=tuple(asked), symptoms=tuple(map(kept, finding.symptoms)))

    return tuple(map(kept, findings))


def _became(change: Change, finding: Finding, remedy: Remedy) -> bool:
    """Tell whether a change of a finding became a remedy: merging may have given it another name, or one like it."""
    made = remedy.change
    if finding.key not in remedy.findings or type(change) is not type(made):
        return False
    if isinstance(change, DropIndex | RebuildIndex) and isinstance(made, DropIndex | RebuildIndex):
        return change.name == made.name
    if isinstance(change, UniqueAmongLiving) and isinstance(made, UniqueAmongLiving):
        return change.replaces == made.replaces
    return True


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
