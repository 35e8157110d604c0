"""What a run of refreshes gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pgwright_runtime.materialized.errors import RefreshFailed

Outcome = Literal["refreshed", "not due", "refreshed elsewhere", "source not refreshed", "failed"]


@dataclass(frozen=True)
class RefreshResult:
    """What became of one view."""

    view: str
    """`schema.name`, or the name alone."""
    outcome: Outcome
    """refreshed elsewhere: another program is at it; source not refreshed: a view that it reads failed, or another
    program is at that one."""
    seconds: float = 0.0
    """How long the refresh took, also one that failed."""
    data_at: datetime | None = None
    """All that was committed before is in the data; None: unknown, or not looked at."""
    error: str = ""
    """Why it failed, without values of rows."""


def raise_failures(results: Iterable[RefreshResult]) -> None:
    """Raise RefreshFailed if any view failed: for a scheduler that is to notice."""
    failures = {result.view: result.error for result in results if result.outcome == "failed"}
    if failures:
        raise RefreshFailed(failures)
