"""A fix as a branch that a team reviews and merges: its commits, and what its body is written of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pgwright.model.finding import Finding
from pgwright.model.fix import Fix
from pgwright.model.remedy import Remedy
from pgwright.model.statement import Statement


@dataclass(frozen=True)
class CommittedFile:
    """A file as a commit leaves it."""

    path: str
    """From the root of the repository, with slashes."""
    data: bytes
    is_new: bool
    added: int
    """Lines that come."""
    removed: int
    """Lines that go."""


@dataclass(frozen=True)
class Commit:
    """One commit of the branch."""

    message: str
    """Subject, a blank line, body."""
    files: tuple[CommittedFile, ...]

    @property
    def subject(self) -> str:
        """The first line of its message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True)
class PullRevision:
    """An Alembic revision of the branch."""

    id: str
    follows: str | None
    """The id of the revision before it; None for the first."""
    message: str
    remedies: tuple[Remedy, ...]
    """What it does, in the order in which it runs."""


@dataclass(frozen=True)
class PullRequest:
    """What `pr` gives: a branch beside the current one, and the text that explains it."""

    kind: ClassVar[str] = "pull_request"

    title: str
    branch: str
    base: str
    """The commit that the branch begins at."""
    base_branch: str
    """The current branch; "" where HEAD is detached."""
    database: str
    """The name of the database that the fix was made for."""
    server_version: str
    taken_at: str
    """When the database was read."""
    commits: tuple[Commit, ...]
    """In their order."""
    revisions: tuple[PullRevision, ...]
    """In the order in which they run."""
    fix: Fix
    """With its proof, where it was measured, and with what becomes of the models."""
    answered: tuple[Finding, ...]
    """What it mends, as `check` found it."""
    statements: tuple[Statement, ...]
    """Those of the workload that it is for."""
    left: tuple[Finding, ...]
    """What only a person can mend, in the code or by a decision."""

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """What all revisions do, in the order in which it runs."""
        return tuple(remedy for revision in self.revisions for remedy in revision.remedies)
