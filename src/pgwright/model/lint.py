"""What `migrations lint` gives: the app's pending revisions, what each statement did on the twin, and the faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.finding import CodeLine, Finding
from pgwright.model.locks import LockMode, blocks_reads, blocks_writes
from pgwright.model.migration import ActionKind, RelationKind, SecondsRange
from pgwright.model.not_examined import NotExamined

Stopped = Literal["reads and writes", "writes", "nothing"]


@dataclass(frozen=True)
class LintedLock:
    """A lock that a statement takes on a relation that others know, held to the end of its transaction."""

    relation: str
    kind: RelationKind
    table: str
    """The table that an index belongs to; else the relation itself."""
    mode: LockMode

    @property
    def stops(self) -> Stopped:
        """What of the app waits meanwhile."""
        if blocks_reads(self.mode):
            return "reads and writes"
        return "writes" if blocks_writes(self.mode) else "nothing"


@dataclass(frozen=True)
class LintedStatement:
    """One statement that a revision sent."""

    text: str
    """Cut after 2,000 characters."""
    actions: tuple[ActionKind, ...]
    """What it does, in words; () where the parser does not take it."""
    place: CodeLine
    operation: str
    """What the revision called, as `op.create_index`; "" where that is unknown."""
    transaction: int
    """Statements with one number ran in one transaction."""
    is_autocommit: bool
    locks: tuple[LintedLock, ...] = ()
    """Observed on the twin; those on what the revision made itself are left out."""
    rewritten: tuple[str, ...] = ()
    """Tables that got a new file."""
    built: tuple[str, ...] = ()
    """Indexes that got one, of tables that are not new."""
    scanned: tuple[str, ...] = ()
    """Tables that were read whole."""
    validated: tuple[str, ...] = ()
    """Constraints that became valid."""
    seconds: SecondsRange | None = None
    """How long it works, without waiting for locks, estimated; None: unknown, or no work to speak of."""
    error: str = ""
    """What the server said against it; "" where it ran."""

    @property
    def stops(self) -> Stopped:
        """What of the app waits while its locks are held."""
        found = {one.stops for one in self.locks}
        if "reads and writes" in found:
            return "reads and writes"
        return "writes" if "writes" in found else "nothing"


@dataclass(frozen=True)
class LintedRevision:
    """One pending revision, and what its `upgrade()` did."""

    revision: str
    down_revisions: tuple[str, ...]
    path: str
    """From the working directory where it lies below it."""
    message: str
    """The first line of its docstring."""
    statements: tuple[LintedStatement, ...]
    error: str = ""
    """Why it ended before its end; "" where it did not."""


@dataclass(frozen=True)
class IgnoredFinding:
    """A finding that a comment in the code keeps quiet."""

    key: str
    reason: str
    """What follows `because`."""
    place: CodeLine
    """Of the comment."""


@dataclass(frozen=True)
class Lint:
    """What `migrations lint` gives back."""

    kind: ClassVar[str] = "lint"

    directory: str
    """The file that describes the Alembic directory."""
    database: str
    """"" where no database was named: then sizes are unknown."""
    observed_on: str
    """The version of the server that the revisions ran on."""
    linted_at: str
    start: tuple[str, ...]
    """The revisions that were there before; none: the database was empty."""
    heads: tuple[str, ...]
    revisions: tuple[LintedRevision, ...]
    """In the order in which they run."""
    findings: tuple[Finding, ...]
    """Worst first, those of the baseline left out."""
    not_examined: tuple[NotExamined, ...]
    checks_run: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    """Keys of the findings that the baseline lists."""
    allowed: tuple[str, ...] = ()
    """Keys of the findings that the policy leaves out."""
    ignored: tuple[IgnoredFinding, ...] = ()
    """Those that a comment keeps quiet."""
    notices: tuple[str, ...] = ()
    """What is wrong with the comments that ignore, and what else a reviewer should know; no faults of a revision."""

    @property
    def has_sizes(self) -> bool:
        """Whether sizes and traffic of production are known."""
        return bool(self.database)

    @property
    def is_unseen(self) -> bool:
        """Whether no statement of the pending revisions ran, for all failed before, and nothing is known of them."""
        ran = any(not one.error for each in self.revisions for one in each.statements)
        return any(one.error for one in self.revisions) and not ran and not self.findings

    def revision_of(self, finding: Finding) -> LintedRevision | None:
        """Return the revision that a finding is about; None: it is about env.py, or about all of them."""
        if finding.object.partition(" in ")[0].endswith("env.py"):
            return None
        if finding.place is not None:
            found = next((one for one in self.revisions if one.path == finding.place.file), None)
            if found is not None:
                return found
        return next((one for one in self.revisions if is_about(finding, one.revision)), None)

    def statement_of(self, finding: Finding) -> LintedStatement | None:
        """Return the statement that a finding is about: the first that its line sent."""
        revision, place = self.revision_of(finding), finding.place
        if revision is None or place is None:
            return None
        return next((one for one in revision.statements if one.place.line == place.line), None)


def is_about(finding: Finding, revision: str) -> bool:
    """Tell whether a finding names a revision, by its id or the beginning of it: `note (title) in 4f2a1c`."""
    named = finding.object.rpartition(" ")[2]
    return bool(named) and revision.startswith(named)
