"""What calling an app's endpoints showed: queries, rows and time at two sizes, and the faults behind their growth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright.model.finding import Finding
from pgwright.model.not_examined import NotExamined

Varied = Literal["page size", "data", "nothing"]


@dataclass(frozen=True)
class ProbeCall:
    """One endpoint, called with one set of arguments."""

    size: str
    """What was varied, as `limit=30`; "" when nothing was."""
    queries: int
    """Statements of one call."""
    rows: int
    """Items of the largest array in the answer; arrays inside the items of another do not count."""
    rows_fetched: int | None
    """Rows that all statements returned; None where the driver does not tell."""
    ms: float
    """Milliseconds, median of the counted calls; the guard's own work is in it."""


@dataclass(frozen=True)
class ProbedEndpoint:
    """One endpoint with its calls."""

    name: str
    """As `GET /couriers/{courier_id}`."""
    varied: Varied
    calls: tuple[ProbeCall, ...]
    """The smaller size first."""

    @property
    def growth(self) -> int | None:
        """Queries that the larger size costs more; None when its data was no larger, so that nothing is known."""
        small, large = self.calls[0], self.calls[-1]
        is_larger = large.rows > small.rows or (large.rows_fetched or 0) > (small.rows_fetched or 0)
        return large.queries - small.queries if is_larger else None


@dataclass(frozen=True)
class Probe:
    """What `probe` gives back."""

    kind: ClassVar[str] = "probe"

    app: str
    """As it was named: `app.main:app`."""
    database: str
    """"" where the app has none that could be read."""
    server_version: str
    probed_at: str
    endpoints: tuple[ProbedEndpoint, ...]
    findings: tuple[Finding, ...]
    """Worst first, those of the baseline left out."""
    not_examined: tuple[NotExamined, ...]
    known: tuple[str, ...] = ()
    """Keys of the findings that the baseline lists."""
    allowed: tuple[str, ...] = ()
    """Keys of the findings that the policy leaves out."""
    kept: tuple[str, ...] = ()
    """Endpoints, or the startup, whose writes may not have been rolled back."""
