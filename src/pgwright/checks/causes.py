"""One root cause is one finding: what has the same cause stands under it, as a symptom, and costs no points.

A finding is a symptom only where mending the cause mends it too: the new index does the work of the one that it asks
for, or serves the statements that it is about. All else stays a finding of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from pgwright.checks.endpoints import problem_name
from pgwright.checks.fetching import text_fetched_by
from pgwright.indexes.coverage import searches_as, serves_keys_as
from pgwright.model.endpoints import ProbedApp
from pgwright.model.finding import SEVERITIES, Finding
from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import Snapshot

_MISSING_INDEX = ("missing-index",)
_FOREIGN_KEY = "unindexed-foreign-key"
_NO_INDEX = "no-index-helps"
# They say of a statement what makes it dear, and how to ask otherwise.
_NAMED_FAULTS = ("count-each-page", "deep-offset", "queue-polled-by-scan", "unbounded-result")
# The advisor's index first: it was priced.
_INDEX_OR_QUEUE = (*_MISSING_INDEX, "queue-polled-by-scan")
# What the probe saw in a call, against what the counters only suggest.
_PROBED = ("n-plus-one", "repeated-statement")


def unite_causes(findings: Iterable[Finding], snapshot: Snapshot, app: ProbedApp | None = None) -> tuple[Finding, ...]:
    """Return one finding for each cause, worst first, with its symptoms.

    Args:
        findings: those that the team does not allow: what is left out takes no other one with it.
        app: what the probe saw of the statements behind its findings.
    """
    single = sorted(_each_once(findings), key=lambda finding: finding.badness)
    by_check: dict[str, list[Finding]] = {}
    for finding in single:
        by_check.setdefault(finding.check, []).append(finding)
    known = _Known(snapshot, app)
    symptoms: dict[str, list[Finding]] = {}
    causes = []
    for finding in single:
        if (cause := _cause(finding, by_check, known)) is not None:
            symptoms.setdefault(cause.key, []).append(finding)
        else:
            causes.append(finding)
    united = [_with_symptoms(one, symptoms[one.key]) if one.key in symptoms else one for one in causes]
    return tuple(sorted(united, key=lambda finding: finding.badness))


def _each_once(findings: Iterable[Finding]) -> Iterable[Finding]:
    """Return findings of one key, as of a foreign key that is declared twice, as one with the changes of all."""
    found: dict[str, Finding] = {}
    for finding in findings:
        first = found.setdefault(finding.key, finding)
        if first is not finding:
            found[finding.key] = replace(first, changes=tuple(dict.fromkeys((*first.changes, *finding.changes))))
    return found.values()


@dataclass(frozen=True)
class _Known:
    """What tells whether two findings have one cause."""

    snapshot: Snapshot
    app: ProbedApp | None

    @cached_property
    def fetched_by(self) -> Mapping[str, frozenset[str]]:
        """The columns by which the statements behind the probe's findings fetch, by what a finding is about."""
        endpoints = self.app.endpoints if self.app is not None else ()
        problems = ((seen, problem) for seen in endpoints for problem in seen.large)
        return {problem_name(*one): text_fetched_by(one[1].statement, self.snapshot) for one in problems}


Rule = Callable[[Finding, Sequence[Finding], _Known], Finding | None]


def _cause(finding: Finding, by_check: Mapping[str, Sequence[Finding]], known: _Known) -> Finding | None:
    """Return the worst of the findings that this one is a symptom of, and that is no symptom itself."""
    if finding.check not in _RULES:
        return None
    checks, rule = _RULES[finding.check]
    cause = rule(finding, [one for check in checks for one in by_check.get(check, ())], known)
    return (_cause(cause, by_check, known) or cause) if cause is not None else None


def _of_key(finding: Finding, causes: Sequence[Finding], known: _Known) -> Finding | None:
    """Return what asks for an index that finds the rows of the foreign key."""
    return _doing_work_of(finding.new_index, causes, lambda one, other: serves_keys_as(one, other, known.snapshot))


def _of_living(finding: Finding, causes: Sequence[Finding], known: _Known) -> Finding | None:
    """Return what asks for an index that does the same work, or together with others serves the same statements."""
    if (wanted := finding.new_index) is None:
        return None
    table = known.snapshot.table_by_name.get(wanted.table)
    same = _doing_work_of(wanted, causes, lambda one, other: searches_as(one, other, table))
    return same or _serving(finding.queries, _on(wanted.table.short, causes))


def _of_scans(finding: Finding, causes: Sequence[Finding], known: _Known) -> Finding | None:
    """Return what asks for an index of that table for the dearest of the statements that read it."""
    return _serving(finding.queries[:1], _on(finding.object, causes))


def _of_pages(finding: Finding, causes: Sequence[Finding], known: _Known) -> Finding | None:
    """Return what asks for an index for these pages: until it is there, nothing tells how deep they are."""
    return None if finding.confidence == "certain" else _serving(finding.queries, causes)


def _of_statements(finding: Finding, causes: Sequence[Finding], known: _Known) -> Finding | None:
    """Return what mends these statements: what they read in vain ends with it."""
    return _serving(finding.queries, causes)


def _of_loop(finding: Finding, causes: Sequence[Finding], known: _Known) -> Finding | None:
    """Return what the probe saw of the same loop: it fetches by the same columns, or is the same statement."""
    same = [one for one in causes if finding.object in known.fetched_by.get(one.object, ())]
    unread = [one for one in causes if not known.fetched_by.get(one.object)]
    same += [one for one in unread if not set(one.queries).isdisjoint(finding.queries)]
    return same[0] if same else None


_RULES: Mapping[str, tuple[tuple[str, ...], Rule]] = {
    _FOREIGN_KEY: (_MISSING_INDEX, _of_key),
    "missing-soft-delete-index": (_MISSING_INDEX, _of_living),
    "sequential-scan-heavy": (_INDEX_OR_QUEUE, _of_scans),
    "deep-offset": (_MISSING_INDEX, _of_pages),
    "rows-thrown-away": (_INDEX_OR_QUEUE, _of_statements),
    "cast-hides-index": (_MISSING_INDEX, _of_statements),
    "count-each-page": (_MISSING_INDEX, _of_statements),
    "pattern-without-index": (_MISSING_INDEX, _of_statements),
    "queue-polled-by-scan": (_MISSING_INDEX, _of_statements),
    "n-plus-one-suspect": (_PROBED, _of_loop),
    _NO_INDEX: (_NAMED_FAULTS, _of_statements),
}


def _doing_work_of(
    wanted: IndexDefinition | None,
    causes: Sequence[Finding],
    does_work: Callable[[IndexDefinition, IndexDefinition], bool],
) -> Finding | None:
    if wanted is None:
        return None
    own = _on(wanted.table.short, causes)
    return next((one for one in own if one.new_index is not None and does_work(one.new_index, wanted)), None)


def _serving(queries: Sequence[int], causes: Sequence[Finding]) -> Finding | None:
    """Return the worst of the causes that together are about all of these statements."""
    about = [one for one in causes if not set(one.queries).isdisjoint(queries)]
    is_whole = set(queries) <= {query for one in about for query in one.queries}
    return about[0] if about and is_whole else None


def _on(table: str, causes: Sequence[Finding]) -> list[Finding]:
    """Return what asks for an index of a table."""
    return [one for one in causes if (index := one.new_index) is not None and index.table.short == table]


def _with_symptoms(cause: Finding, symptoms: Sequence[Finding]) -> Finding:
    """Return a cause with what stands under it.

    A key's deletes are no statements of its, and where no index helps the time of the statement is known, so both may
    make it worse.
    """
    adding = [one for one in symptoms if one.check in (_FOREIGN_KEY, _NO_INDEX)]
    worst = min((cause.severity, *(one.severity for one in adding)), key=SEVERITIES.index)
    worth = cause.worth or next((one.worth for one in symptoms if one.check == _NO_INDEX), None)
    return replace(cause, severity=worst, worth=worth, symptoms=tuple(symptoms))
