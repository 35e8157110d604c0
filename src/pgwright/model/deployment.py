"""What deploying revisions of indexes came to: what was built, whether it is used, and what became faster or slower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined

IndexVerdict = Literal["used", "not used yet", "unknown", "not valid", "missing", "dropped", "still there"]
StatementVerdict = Literal["faster", "slower", "unchanged", "too few calls"]
DeploymentStatus = Literal["confirmed", "not confirmed", "slower", "rolled back", "nothing to do"]


@dataclass(frozen=True)
class CountedStatement:
    """What one statement did in a window of time, over all roles."""

    query_id: int
    text: str
    """Normalised."""
    calls: int
    total_ms: float
    squares: float
    """The sum of the squares of the calls' times, milliseconds²: what a standard deviation is made of."""
    blocks: int
    """Read from the buffers or from the system, of 8,192 bytes."""

    @property
    def mean_ms(self) -> float:
        return self.total_ms / self.calls if self.calls else 0.0

    @property
    def blocks_per_call(self) -> float:
        return self.blocks / self.calls if self.calls else 0.0

    @property
    def error_ms(self) -> float:
        """The standard error of the mean."""
        if self.calls < 2:
            return 0.0
        variance = max(0.0, self.squares - self.calls * self.mean_ms**2) / (self.calls - 1)
        return float((variance / self.calls) ** 0.5)


@dataclass(frozen=True)
class ComparedStatement:
    """A statement on a table whose indexes changed, before and after."""

    before: CountedStatement
    after: CountedStatement
    verdict: StatementVerdict

    @property
    def ratio(self) -> float | None:
        """The mean after, as a share of the mean before; None where either is unknown."""
        return self.after.mean_ms / self.before.mean_ms if self.before.mean_ms and self.after.calls else None


@dataclass(frozen=True)
class DeployedIndex:
    """An index that was built or dropped."""

    name: QualifiedName
    table: QualifiedName
    sql: str
    """`pg_get_indexdef`, of one that was dropped as it was."""
    is_new: bool
    size_bytes: int
    scans: int
    """Since it was built; of one that was dropped, those before."""
    verdict: IndexVerdict


@dataclass(frozen=True)
class BackupCheck:
    """What was seen of a backup before anything was changed."""

    path: str
    """"" where none was named."""
    command: str
    """What makes one; it holds no password."""
    made_at: str = ""
    """When the archive says that it was made."""
    tables: int = 0
    """Tables with data in it."""
    problems: tuple[str, ...] = ()
    """Why it is none to rely on; () where nothing was seen against it."""


@dataclass(frozen=True)
class Deployment:
    """What `deploy` gives back."""

    kind: ClassVar[str] = "deployment"

    database: str
    server_version: str
    started_at: str
    status: DeploymentStatus
    revisions: tuple[str, ...]
    """Those that ran, oldest first."""
    backup: BackupCheck
    indexes: tuple[DeployedIndex, ...]
    statements: tuple[ComparedStatement, ...]
    """Those on the tables concerned, slower ones first, then those that save most."""
    build_seconds: float
    before_seconds: float | None
    """None: all that was counted before, since when nobody knows."""
    after_seconds: float
    state: str = ""
    """The file with which it is confirmed later, or rolled back."""
    not_examined: tuple[NotExamined, ...] = ()
