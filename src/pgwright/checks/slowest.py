"""The statements that take most time, and in a few words what would help each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pgwright.checks.fetching import fetched_by
from pgwright.model.advice import Advice
from pgwright.model.finding import Finding
from pgwright.model.index import IndexDefinition
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import SlowStatement
from pgwright.sqltext import asks_unknown_key
from pgwright.workload.reading import Reading, named, read_statements, share_of_time

MOST = 20
# Of the workload's time: what takes less is no slow statement, however it is ranked.
LEAST_SHARE = 0.001
# Longer ones are lists of values, or made by a program.
LONGEST_TEXT = 2_000
_NO_INDEX_HELPS = "no-index-helps"
_FOREIGN_KEY = "unindexed-foreign-key"
# Statements about the database, not of the app's data.
_UPKEEP = re.compile(
    r"\s*(?:alter|analyze|begin|cluster|comment|commit|create|deallocate|discard|drop|grant|release|reindex|reset|revoke"
    r"|rollback|savepoint|set|show|start|vacuum)\b",
    re.IGNORECASE,
)
# It says which statements read a table, and not that they would be faster.
_NO_REMEDY = ("sequential-scan-heavy",)


def slowest_statements(
    snapshot: Snapshot, findings: Iterable[Finding], advice: Advice | NotExamined
) -> tuple[SlowStatement, ...]:
    """Return the dearest statements by measured time.

    Args:
        findings: worst first, one for each cause.
        advice: of the index advisor, or why there is none.
    """
    asked = [one for one in read_statements(snapshot) if not _UPKEEP.match(one.statement.text)]
    readings = sorted(asked, key=lambda one: -one.statement.total_ms)[:MOST]
    answers = _Answers(snapshot, tuple(findings), advice)
    shares = ((reading, share_of_time([reading.statement], snapshot)) for reading in readings)
    return tuple(_slow(reading, share, answers) for reading, share in shares if share >= LEAST_SHARE)


def _slow(reading: Reading, share: float, answers: _Answers) -> SlowStatement:
    statement, text = reading.statement, reading.stands_for[0].text
    finding = answers.finding(reading)
    return SlowStatement(
        query_id=statement.query_id,
        text=text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…",
        calls=statement.calls,
        total_ms=statement.total_ms,
        mean_ms=statement.mean_ms,
        rows_per_call=statement.rows_per_call,
        share=share,
        verdict=_mended_by(finding) if finding is not None else answers.why_nothing(reading),
        finding=finding.key if finding is not None else "",
    )


def _mended_by(finding: Finding) -> str:
    if finding.check == _NO_INDEX_HELPS:
        return "no index helps: rewrite it"
    name = f"{finding.check} {finding.object}"
    return f"{name} saves {finding.worth.saving}" if finding.worth is not None else f"see {name}"


@dataclass(frozen=True)
class _Answers:
    snapshot: Snapshot
    findings: tuple[Finding, ...]
    advice: Advice | NotExamined

    def finding(self, reading: Reading) -> Finding | None:
        """Return the worst finding that would mend a statement."""
        mending = [one for one in self.findings if one.severity != "info" and one.check not in _NO_REMEDY]
        about = [one for one in mending if self._mends(one, reading)]
        # A remedy that is known is a better word than that there is no index.
        return min(about, key=lambda one: one.check == _NO_INDEX_HELPS, default=None)

    def _mends(self, finding: Finding, reading: Reading) -> bool:
        unindexed = {one.object for one in (finding, *finding.symptoms) if one.check == _FOREIGN_KEY}
        if not unindexed.isdisjoint(self._keys_read_by(reading)):
            return True
        own = {one.query_id for one in reading.stands_for}
        if own.isdisjoint(finding.queries):
            return False
        if finding.check == "missing-index":  # it names those at risk too
            return finding.new_index is not None and not own.isdisjoint(self._served.get(finding.new_index, ()))
        if finding.check == "n-plus-one-suspect":  # it names the statement around the loop too
            return reading.shape is not None and finding.object in fetched_by(reading.shape, self.snapshot)
        return True

    def _keys_read_by(self, reading: Reading) -> frozenset[str]:
        """Return the foreign keys that each deleted row is looked for by."""
        if reading.shape is None or reading.shape.kind != "delete" or reading.shape.target is None:
            return frozenset()
        keys = (key for key in self.snapshot.foreign_keys if key.referenced_table == reading.shape.target)
        return frozenset(self.snapshot.describe(key.table, key.columns) for key in keys)

    @cached_property
    def _served(self) -> dict[IndexDefinition, frozenset[int]]:
        indexes = self.advice.indexes if isinstance(self.advice, Advice) else ()
        return {one.definition: frozenset(served.query_id for served in one.serves) for one in indexes}

    @cached_property
    def _unplanned(self) -> dict[str, str]:
        entries = self.advice.unplanned if isinstance(self.advice, Advice) else ()
        return {one.what: one.reason for one in entries}

    def why_nothing(self, reading: Reading) -> str:
        """Return why no finding mends a statement: "nothing to gain" only where that was asked."""
        return next(self._obstacles(reading), "nothing to gain by an index")

    def _obstacles(self, reading: Reading) -> Iterator[str]:
        if isinstance(self.advice, NotExamined):
            yield f"not planned: {self.advice.reason}"
            return
        if reason := reading.reason or self._unplanned.get(named(reading.statement, self.snapshot)):
            yield f"not planned: {reason}"
        if reading.shape is None:
            yield "not planned: it is no query"
        elif not reading.shape.tables and not reading.shape.reads_unknown:
            yield "not planned: it reads no table"
        if self.advice.ended != "complete":
            yield "nothing found before the advisor's deadline"
        if asks_unknown_key(reading.statement.text):
            yield "no index tried: the key of a JSON value is a parameter"
