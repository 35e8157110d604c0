"""What the findings of an app are worth, by the file that a senior wrote before they were found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pgwright.model.finding import SEVERITIES, Finding, Severity
from tests.support.corpus import Judged, Planted

Verdict = Literal["right", "debatable", "wrong", "unjudged"]


@dataclass(frozen=True)
class Judgment:
    """One finding, judged."""

    key: str
    severity: Severity
    verdict: Verdict
    reason: str


def judge(findings: Iterable[Finding], judged: Judged) -> tuple[Judgment, ...]:
    """Return the verdict on each finding of severity high or medium: one of a planted fault is right.

    A second finding of the same planted fault is debatable: one cause is one finding, the others are its symptoms.
    """
    told: set[Planted] = set()
    return tuple(_judge(one, judged, told) for one in findings if one.severity in ("high", "medium"))


def _judge(finding: Finding, judged: Judged, told: set[Planted]) -> Judgment:
    fault = next((one for one in judged.planted if _fits(finding.key, one.keys)), None)
    if fault is not None and fault in told:
        return Judgment(finding.key, finding.severity, "debatable", f"told before: {fault.what}")
    if fault is not None:
        told.add(fault)
        return Judgment(finding.key, finding.severity, "right", fault.what)
    ruling = next((one for one in judged.finding if fnmatchcase(finding.key, one.key)), None)
    if ruling is None:
        return Judgment(finding.key, finding.severity, "unjudged", "judged.toml has no word on it")
    return Judgment(finding.key, finding.severity, ruling.verdict, ruling.reason)


def missed(findings: Sequence[Finding], judged: Judged) -> Iterator[Planted]:
    """Yield the planted faults that no finding tells, as bad as they are, nor a symptom of one."""
    for fault in judged.planted:
        bad_enough = SEVERITIES[: SEVERITIES.index(fault.severity) + 1]
        keys = [key for one in findings if one.severity in bad_enough for key in _keys(one)]
        if not any(_fits(key, fault.keys) for key in keys):
            yield fault


def _keys(finding: Finding) -> Iterator[str]:
    yield finding.key
    for symptom in finding.symptoms:
        yield symptom.key


def _fits(key: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in patterns)
