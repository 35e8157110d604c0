"""How far batches are, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class BatchProgress:
    """How far one job is."""

    job: str
    rows: int
    """Changed or deleted so far, those of other tables included."""
    walked: int
    """Of `total`, dealt with so far."""
    total: int | None
    """Rows that the walk will find, or look at; None: unknown."""
    seconds: float
    """Since the job began, waits included."""
    waiting: str = ""
    """Why nothing happens now; "" while batches run."""
    notes: tuple[str, ...] = ()
    """What is not watched, with the reason."""

    @property
    def rate(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """What the rest will take at this rate; None where that is unknown."""
        if self.total is None or not self.walked:
            return None
        return max(0, self.total - self.walked) * self.seconds / self.walked


Report = Callable[[BatchProgress], None]
