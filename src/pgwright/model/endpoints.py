"""What calling an app's endpoints showed, before anybody judges it: the value that checks of an app read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgwright.model.finding import CodeLine
from pgwright.model.not_examined import NotExamined
from pgwright.model.probe import ProbedEndpoint


@dataclass(frozen=True)
class StatementCost:
    """What one statement has cost on the server, over all roles and all lengths of its lists."""

    query_ids: tuple[int, ...]
    calls: int
    total_ms: float
    share: float
    """Of the time of all statements of this database, in [0, 1]."""

    def __str__(self) -> str:
        return f"{self.total_ms / self.calls:,.2f} ms mean, {self.calls:,} calls, {100 * self.share:.1f} % of all time"


@dataclass(frozen=True)
class StatementProblem:
    """What the guard named in one call. No text holds a secret that was given to the probe."""

    kind: Literal["lazy load", "repeated statement", "unused eager load", "over budget"]
    count: int
    """Executions."""
    relationship: str
    """As `Notebook.sources`; "" where no relationship is at fault."""
    fingerprint: str
    """The same for all executions of a statement."""
    statement: str
    """Text as the server sees it, with `$1` for the first parameter; "" where there is none."""
    remedy: str
    """What to do, as `add selectinload(Notebook.sources) to the query of Notebook`."""
    place: CodeLine | None = None
    """The innermost line of the user's code; None if there was none on the stack."""
    parent: str = ""
    """The mapped class whose instances were read; "" where no relationship is at fault."""
    parent_statement: str = ""
    """The statement that loaded those instances."""
    cost: StatementCost | None = None
    """None where it has not run on the server, or nobody could tell."""

    @property
    def mark(self) -> tuple[str, str]:
        """What makes a problem the same at both sizes."""
        return self.kind, self.relationship or self.fingerprint


@dataclass(frozen=True)
class SeenEndpoint:
    """One endpoint with all that its calls showed."""

    endpoint: ProbedEndpoint
    small: tuple[StatementProblem, ...]
    """Problems at the smaller size; those of the only size, where there is one."""
    large: tuple[StatementProblem, ...]

    def executions_at_small(self, problem: StatementProblem) -> int:
        """Return how often the statement behind a problem ran at the smaller size, as far as it was a problem there."""
        return max((one.count for one in self.small if one.mark == problem.mark), default=0)

    def is_growing(self, problem: StatementProblem) -> bool:
        """Tell whether a problem is larger where the data is."""
        growth = self.endpoint.growth
        return growth is not None and growth > 0 and problem.count > self.executions_at_small(problem)


@dataclass(frozen=True)
class ProbedApp:
    """An app whose endpoints were called."""

    app: str
    """As it was named: `app.main:app`."""
    database: str
    """"" where the app has none that could be read."""
    server_version: str
    probed_at: str
    endpoints: tuple[SeenEndpoint, ...]
    not_examined: tuple[NotExamined, ...] = ()
    kept: tuple[str, ...] = ()
    """Endpoints, or the startup, whose writes may not have been rolled back."""
