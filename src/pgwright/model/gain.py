"""What a change brings: time that statements save, bytes that are freed, an index that serves queries again."""

from __future__ import annotations

from dataclasses import dataclass

from pgwright.figures import milliseconds, size, times
from pgwright.model.worth import Worth


@dataclass(frozen=True)
class Gain:
    """What is known of it before anything was measured."""

    worth: Worth | None = None
    """The time that it saves; None where nobody knows, or where it is not about time."""
    freed_bytes: int = 0
    """Of the indexes that are dropped; each write to their table gets cheaper too."""
    repairs: bool = False
    """An index that is invalid, so that writes keep it and no query uses it, is built again."""

    @property
    def is_measurable(self) -> bool:
        """Whether anybody would notice."""
        return self.repairs or self.freed_bytes > 0 or self._saves_time

    @property
    def rank(self) -> tuple[float, bool, int]:
        """What sorts gains, the dearest last: time, then what is repaired, then bytes."""
        saved = self.worth.saved_ms if self.worth is not None and self._saves_time else 0.0
        return saved, self.repairs, self.freed_bytes

    @property
    def words(self) -> str:
        """Return it as a phrase that says whence the figures are; "" where there is none."""
        parts = []
        if self.worth is not None and self.worth.saved_ms > 0:
            parts.append(f"saves {self.worth.saving} (estimated)")
        if self.repairs:
            parts.append("lets queries use an invalid index again")
        if self.freed_bytes:
            parts.append(f"frees {size(self.freed_bytes)} and the upkeep on each write")
        return ", ".join(parts)

    @property
    def _saves_time(self) -> bool:
        return self.worth is not None and self.worth.saved_ms > 0 and self.worth.is_notable


NO_GAIN = Gain()


@dataclass(frozen=True)
class MeasuredGain:
    """What one statement gained by a change, measured on copies."""

    query_id: int
    before_ms: float
    """Median."""
    after_ms: float
    """Median."""

    @property
    def ratio(self) -> float:
        """How many times faster after: before ÷ after."""
        return self.before_ms / self.after_ms if self.after_ms else float("inf")

    @property
    def words(self) -> str:
        """Return it in words."""
        pair = f"{milliseconds(self.before_ms)} → {milliseconds(self.after_ms)} a call"
        return f"{pair}, {times(self.ratio)} times faster"
