"""A score from 0 to 10 for each subject, with the reason for every lost point.

A finding costs points by how bad and how sure it is:

    points = severity (high 3, medium 1.5, low 0.5, info 0) × confidence (certain 1, likely 0.8, possible 0.5)

A check never costs more than twice its dearest finding, so the same fault in fifty places does not count fifty
times. The score is 10 less the points of all checks of the subject, and not below 0. What could not be examined
costs nothing, but is named; where nothing could be examined there is no score. Beside a score stands how much was
looked at: the share of the statements' time, and of the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pgwright.checks.coverage import looked_at
from pgwright.checks.loader import load_checks
from pgwright.figures import listing
from pgwright.model.finding import Check, Confidence, Finding, LostPoint, Severity, Subject, SubjectScore
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

FULL_SCORE = 10.0
SEVERITY_POINTS: Mapping[Severity, float] = {"high": 3.0, "medium": 1.5, "low": 0.5, "info": 0.0}
CONFIDENCE_WEIGHTS: Mapping[Confidence, float] = {"certain": 1.0, "likely": 0.8, "possible": 0.5}
# The same fault in many places is one habit to mend: twice the price of the worst place, at most.
MOST_TIMES = 2.0

# Revisions are what a database will be, not what it is.
_SCORED: tuple[Subject, ...] = tuple(subject for subject in get_args(Subject) if subject != "migrations")

# Of a database without tables they could only say that nothing is wrong with nothing.
_NEED_TABLES: frozenset[Subject] = frozenset({"keys", "indexes", "retention", "vacuum"})


def score_subjects(
    snapshot: Snapshot,
    findings: Iterable[Finding],
    not_examined: Iterable[NotExamined],
    checks: Iterable[Check[Any]] | None = None,
) -> tuple[SubjectScore, ...]:
    """Return one score a subject, in the fixed order of subjects; `checks` are those to count, None for all."""
    ran = load_checks() if checks is None else tuple(checks)
    found, blind = tuple(findings), tuple(not_examined)
    return tuple(_score(snapshot, subject, ran, found, blind) for subject in _SCORED)


def points(finding: Finding) -> float:
    """Return what one finding costs on its own."""
    return SEVERITY_POINTS[finding.severity] * CONFIDENCE_WEIGHTS[finding.confidence]


def _score(
    snapshot: Snapshot,
    subject: Subject,
    ran: tuple[Check[Any], ...],
    findings: tuple[Finding, ...],
    not_examined: tuple[NotExamined, ...],
) -> SubjectScore:
    names = [check.name for check in ran if check.subject == subject]
    by_check = {name: [finding for finding in findings if finding.check == name] for name in names}
    quiet = [name for name in names if not by_check[name]]
    blind = {entry: [name for name in quiet if name in entry.checks] for entry in not_examined}
    lost = [_lost(name, by_check[name]) for name in names if by_check[name]]
    unseen = [_unseen(unable, entry.reason) for entry, unable in blind.items() if unable]
    is_empty = subject in _NEED_TABLES and not snapshot.tables
    if is_empty or len({name for unable in blind.values() for name in unable}) == len(names):
        nothing = [LostPoint(0.0, "there is no table to examine")] if is_empty else []
        return SubjectScore(subject, None, tuple(nothing or unseen))
    lost = sorted((entry for entry in lost if entry.points), key=lambda entry: -entry.points)
    score = max(0.0, FULL_SCORE - sum(entry.points for entry in lost))
    seen = tuple(looked_at(snapshot, (check for check in ran if check.subject == subject)))
    return SubjectScore(subject, round(score, 1), tuple(lost + unseen), seen)


def _unseen(names: list[str], reason: str) -> LostPoint:
    return LostPoint(0.0, f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} not examined: {reason}")


def _lost(name: str, findings: list[Finding]) -> LostPoint:
    prices = sorted((points(finding) for finding in findings), reverse=True)
    whole = sum(prices)
    price = min(whole, MOST_TIMES * prices[0])
    objects = listing([finding.object for finding in sorted(findings, key=points, reverse=True)], most=3)
    capped = f"; {len(findings)} findings, counted as two" if price < whole else ""
    return LostPoint(round(price, 2), f"{name}: {objects}{capped}")
