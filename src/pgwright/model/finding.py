"""What a check is and what it reports: the fault, its evidence, and the change that would mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast, get_args

from pgwright.model.change import Change, CreateIndex
from pgwright.model.index import IndexDefinition
from pgwright.model.not_examined import NotExamined
from pgwright.model.planned_on import PlannedOn
from pgwright.model.statement import SlowStatement
from pgwright.model.worth import Worth

S = TypeVar("S")

Subject = Literal[
    "keys", "indexes", "queries", "connections", "retention", "vacuum", "settings", "security", "migrations"
]
Severity = Literal["high", "medium", "low", "info"]
Confidence = Literal["certain", "likely", "possible"]
Origin = Literal["read", "measured", "planned", "estimated", "stated"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
CONFIDENCES: tuple[Confidence, ...] = get_args(Confidence)


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
class CodeLine:
    """A line of the user's code."""

    file: str
    """From the working directory where it lies below it."""
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


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
    code: str = ""
    """Alembic code to paste in place of the statement, where it is about a revision; `# next revision, …` parts it."""
    queries: tuple[int, ...] = ()
    """`query_id` of the workload statements that it concerns."""
    place: CodeLine | None = None
    """Where the fault stands in the user's code; None where it stands in the database."""
    worth: Worth | None = None
    """The time that mending it saves; None where nobody knows, or where it is not about time."""
    symptoms: tuple[Finding, ...] = ()
    """Findings that have the same cause, and end with it."""

    def __post_init__(self) -> None:
        """Raise ValueError: a word is none that sorts or scores a finding."""
        _require_known(self.check, "severity", self.severity, SEVERITIES)
        _require_known(self.check, "confidence", self.confidence, CONFIDENCES)
        _require_known(self.check, "subject", self.subject, get_args(Subject))

    @property
    def key(self) -> str:
        """What identifies it in a revision, a baseline or `allow`: `check:object`."""
        return f"{self.check}:{self.object}"

    @property
    def new_index(self) -> IndexDefinition | None:
        """The index that it asks for; the first of several."""
        return next((change.definition for change in self.changes if isinstance(change, CreateIndex)), None)

    @property
    def badness(self) -> tuple[int, float, int, str]:
        """What sorts findings worst first, then by the time they are worth, then surest first."""
        saved = self.worth.saved_ms if self.worth is not None else 0.0
        return SEVERITIES.index(self.severity), -saved, CONFIDENCES.index(self.confidence), self.check


def _require_known(check: str, what: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise ValueError(f"the {what} of the check {check!r} is {word!r}; known: {', '.join(known)}")


_OF_ITS_FOLDER = cast("Subject", "")


@dataclass(frozen=True)
class Check(Generic[S]):
    """A named question that is asked of the value of one source.

    The name comes from the module, and so does the subject where the module lies in a folder of that name:
    `pgwright.checks.indexes.unindexed_foreign_key` is the check `unindexed-foreign-key` of the subject `indexes`.
    `severity` and `confidence` are what `found` gives by default.

    Raises: ValueError: the subject, severity or confidence is none, the check reads no dataclass, or a part is no field
        of what it reads.
    """

    module: str
    """`__name__` of the module, whose docstring is the manual."""
    reads: type[S]
    """The type of the value: a Snapshot, an Advice, a ProbedApp."""
    severity: Severity
    confidence: Confidence
    find: Callable[[S], Iterator[Finding | NotExamined]]
    needs: tuple[str, ...] = ()
    """Fields of the value without which it would report what is no fault, or call fine what it did not see. Where one
    of them could not be read, the check does not run."""
    spans_keys: bool = False
    """True where a finding takes in columns that keys, names or joins tie together: it needs all tables to be read."""
    subject: Subject = _OF_ITS_FOLDER
    """What the score counts it under; stated where the module's folder does not say it."""

    def __post_init__(self) -> None:
        folder = self.module.rpartition(".")[0].rpartition(".")[2]
        subject = folder if self.subject == _OF_ITS_FOLDER else self.subject
        if subject not in get_args(Subject):
            known = ", ".join(get_args(Subject))
            raise ValueError(f"the check {self.name!r} has no subject: state it, as in subject='keys'. Known: {known}")
        object.__setattr__(self, "subject", subject)
        _require_known(self.name, "severity", self.severity, SEVERITIES)
        _require_known(self.name, "confidence", self.confidence, CONFIDENCES)
        reads: Any = self.reads
        if not (isinstance(reads, type) and is_dataclass(reads)):
            raise ValueError(f"the check {self.name!r} reads {reads!r}; expected Snapshot, Advice or ProbedApp")
        if unknown := set(self.needs) - {field.name for field in fields(reads)}:
            raise ValueError(f"the check {self.name!r} needs {sorted(unknown)}, no fields of {self.reads.__name__}")

    @property
    def name(self) -> str:
        return self.module.rpartition(".")[2].replace("_", "-")

    @property
    def manual(self) -> str:
        """The docstring of its module, in Markdown."""
        return (sys.modules[self.module].__doc__ or "").strip()

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
        code: str = "",
        queries: Iterable[int] = (),
        place: CodeLine | None = None,
        worth: Worth | None = None,
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
            code=code,
            queries=tuple(queries),
            place=place,
            worth=worth,
        )

    def unexamined(self, reason: str, remedy: str = "", *, about: str = "") -> NotExamined:
        """Return that this check could not look at an object; at nothing at all when no object is named."""
        if about:
            return NotExamined(f"{self.name} of {about}", reason, remedy)
        return NotExamined(self.name, reason, remedy, checks=(self.name,))


@dataclass(frozen=True)
class LostPoint:
    points: float
    reason: str


@dataclass(frozen=True)
class LookedAt:
    """How much of something was looked at."""

    share: float
    """In [0, 1]."""
    of: str
    """`the tables`, `the statements' time`."""


@dataclass(frozen=True)
class SubjectScore:
    """0 to 10 for one subject; `score` is None when nothing of it could be examined."""

    subject: Subject
    score: float | None
    lost: tuple[LostPoint, ...]
    looked_at: tuple[LookedAt, ...] = ()
    """What the score rests on: of the rest nothing is known."""


@dataclass(frozen=True)
class Diagnosis:
    """What `check` gives back."""

    kind: ClassVar[str] = "diagnosis"

    database: str
    server_version: str
    taken_at: str
    checks_run: tuple[str, ...]
    findings: tuple[Finding, ...]
    """Worst first, one for each cause, those of the baseline left out."""
    not_examined: tuple[NotExamined, ...]
    scorecard: tuple[SubjectScore, ...]
    planned_on: PlannedOn | None = None
    """None: nothing was planned, the index advisor was left out or failed."""
    known: tuple[str, ...] = ()
    """Keys of the findings that the baseline lists."""
    allowed: tuple[str, ...] = ()
    """Keys of the findings that the policy leaves out."""
    slowest: tuple[SlowStatement, ...] = ()
    """The statements that took most time, the dearest first."""
    observed_seconds: float | None = None
    """How long the statements were counted; None: nobody knows."""
