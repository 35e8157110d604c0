"""What a check reports: the fault, its evidence, and the change that would mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.change import Change
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

Subject = Literal["keys", "indexes", "queries", "connections", "retention", "vacuum", "settings", "security"]
Severity = Literal["high", "medium", "low", "info"]
Confidence = Literal["certain", "likely", "possible"]
Origin = Literal["read", "measured", "planned", "estimated", "stated"]

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low", "info")


@dataclass(frozen=True)
class Evidence:
    """One figure or fact behind a finding."""

    name: str
    value: str
    """With its unit, as it is printed."""
    origin: Origin = "read"
    """read: from the catalogs or counters; measured: on a copy; planned: a planner cost; estimated: by a rule;
    stated: by the team."""


@dataclass(frozen=True)
class Finding:
    """One fault at one object."""

    check: str
    """The check's name: `unindexed-foreign-key`."""
    subject: Subject
    severity: Severity
    """How bad it is."""
    confidence: Confidence
    """How sure we are."""
    object: str
    """What it is about, as a person reads it: `messages (conversation_id)`."""
    message: str
    """One or two sentences: what is wrong here and what it costs."""
    evidence: tuple[Evidence, ...]
    advice: str
    """What to do, in words, always given."""
    changes: tuple[Change, ...] = ()
    """What `fix` can write; empty where only a person can decide."""
    sql: str = ""
    """Statements to run by hand where `fix` writes nothing; "" when there are none."""
    queries: tuple[int, ...] = ()
    """`query_id` of the workload statements that it concerns."""

    @property
    def key(self) -> str:
        """What identifies it in a revision, a baseline or `allow`: `check:object`."""
        return f"{self.check}:{self.object}"


@dataclass(frozen=True)
class Check:
    """A named question that is asked of a snapshot.

    The name and the subject come from the module: `pgwright.checks.indexes.unindexed_foreign_key` is the check
    `unindexed-foreign-key` of the subject `indexes`. `severity` and `confidence` are what `found` gives by default.
    """

    module: str
    severity: Severity
    confidence: Confidence
    find: Callable[[Snapshot], Iterator[Finding | NotExamined]]

    @property
    def name(self) -> str:
        return self.module.rsplit(".", 1)[1].replace("_", "-")

    @property
    def subject(self) -> Subject:
        return self.module.rsplit(".", 2)[1]  # type: ignore[return-value]

    def found(
        self,
        about: str,
        message: str,
        *,
        evidence: Iterable[Evidence],
        advice: str,
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        changes: Iterable[Change] = (),
        sql: str = "",
        queries: Iterable[int] = (),
    ) -> Finding:
        """Return a finding of this check about one object; what is not said otherwise is the check's default."""
        return Finding(
            check=self.name,
            subject=self.subject,
            severity=severity or self.severity,
            confidence=confidence or self.confidence,
            object=about,
            message=message,
            evidence=tuple(evidence),
            advice=advice,
            changes=tuple(changes),
            sql=sql,
            queries=tuple(queries),
        )

    def unexamined(self, reason: str, remedy: str = "", *, about: str = "") -> NotExamined:
        """Return that this check could not look at an object; at nothing at all when no object is named."""
        return NotExamined(f"{self.name} of {about}" if about else self.name, reason, remedy)


@dataclass(frozen=True)
class LostPoint:
    points: float
    reason: str


@dataclass(frozen=True)
class SubjectScore:
    """0 to 10 for one subject; `score` is None when nothing of it could be examined."""

    subject: Subject
    score: float | None
    lost: tuple[LostPoint, ...]


@dataclass(frozen=True)
class Diagnosis:
    """What `check` gives back."""

    kind: ClassVar[str] = "diagnosis"

    database: str
    server_version: str
    taken_at: str
    checks_run: tuple[str, ...]
    findings: tuple[Finding, ...]
    """Worst first, those of the baseline left out."""
    not_examined: tuple[NotExamined, ...]
    scorecard: tuple[SubjectScore, ...]
    known: tuple[str, ...] = ()
    """Keys of the findings that the baseline lists."""
    allowed: tuple[str, ...] = ()
    """Keys of the findings that the policy leaves out."""
