"""What changes bring, by the findings that ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgwright.model.change import AnalyzeTable, Change, DropIndex, RebuildIndex
from pgwright.model.finding import Finding
from pgwright.model.gain import NO_GAIN, Gain
from pgwright.model.worth import Worth


def gain_of(change: Change, findings: Sequence[Finding]) -> Gain:
    """Return what a change brings that answers these findings."""
    if isinstance(change, DropIndex):
        return Gain(freed_bytes=change.size_bytes)
    if isinstance(change, AnalyzeTable):
        return NO_GAIN
    return Gain(_most(findings), repairs=isinstance(change, RebuildIndex))


def gain_of_finding(finding: Finding) -> Gain:
    """Return what answering a finding brings, by all its changes together."""
    changes = {change for one in bundle(finding) for change in one.changes}
    saves = any(not isinstance(change, DropIndex | AnalyzeTable) for change in changes)
    return Gain(
        worth=_most([finding]) if saves else None,
        freed_bytes=sum(change.size_bytes for change in changes if isinstance(change, DropIndex)),
        repairs=any(isinstance(change, RebuildIndex) for change in changes),
    )


def bundle(finding: Finding) -> tuple[Finding, ...]:
    """Return a finding, and what stands under it where it asks for a change: making the fix settles which is made."""
    return (finding, *(one for one in finding.symptoms if one.changes))


def _most(findings: Iterable[Finding]) -> Worth | None:
    """Return the most time that one of them saves, or of what stands under them: they are about the same time."""
    found = [one.worth for finding in findings for one in (finding, *finding.symptoms) if one.worth is not None]
    return max(found, key=lambda one: one.saved_ms, default=None)
