"""What the log has of one statement, gathered without keeping the log: some calls, the plans, and sums of the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from statistics import median

from pgwright.logs.messages import Call
from pgwright.logs.plans import Ways
from pgwright.logs.values import Values, read_values
from pgwright.model.log import LoggedError, LoggedStatement

# Calls of one statement that are kept, and durations, from any time of the log.
MOST_CALLS = 20
_MOST_DURATIONS = 1_000
_MOST_PLANS = 10
# A longer text is counted, and its values are not kept: those of a bulk INSERT prove little.
_MOST_CHARACTERS = 20_000


@dataclass
class Tally:
    """Of one statement of the workload, or of all that are not of it."""

    lock_waits: int = 0
    waited_ms: float = 0.0
    temporary_files: int = 0
    temporary_bytes: int = 0
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    plans: dict[Ways, None] = field(default_factory=dict)
    _ended: int = 0
    _planned: int = 0
    _random: Random = field(default_factory=lambda: Random(0))
    _kept: list[Call] = field(default_factory=list)
    _different: int = 0
    _durations: list[float] = field(default_factory=list)
    _timed: int = 0

    def add(self, call: Call) -> None:
        """Count a call, and keep it with the chance that every other one has, unless one like it is kept."""
        self._ended += call.ways is None
        self._planned += call.ways is not None
        if call.duration_ms is not None:
            self._timed += 1
            place = self._place(len(self._durations), self._timed, _MOST_DURATIONS)
            self._durations[place : place + 1] = [call.duration_ms] if place < _MOST_DURATIONS else []
        if call.ways is not None and len(self.plans) < _MOST_PLANS:
            self.plans[call.ways] = None
        if _size(call) > _MOST_CHARACTERS or any(_is_alike(call, one) for one in self._kept):
            return
        self._different += 1
        place = self._place(len(self._kept), self._different, MOST_CALLS)
        self._kept[place : place + 1] = [call] if place < MOST_CALLS else []

    def values(self, known: str) -> tuple[Values, ...]:
        """Return the values of the calls that are kept, those of a middling duration first.

        Args:
            known: the statement, as the workload has it.
        """
        middle = self.median_ms or 0.0
        ordered = sorted(self._kept, key=lambda call: abs((call.duration_ms or 0.0) - middle))
        read = (read_values(known, call.text, call.parameters) for call in ordered)
        return tuple(dict.fromkeys(values for values in read if values))

    @property
    def calls(self) -> int:
        """How many calls were logged: one may be there twice, by its plan and by its end."""
        return max(self._ended, self._planned)

    @property
    def median_ms(self) -> float | None:
        return median(self._durations) if self._durations else None

    def told(self, query_id: int | None, text: str) -> LoggedStatement:
        """Return what a report may show of it."""
        errors = tuple(LoggedError(*kind, count) for kind, count in self.errors.most_common())
        return LoggedStatement(
            query_id,
            text,
            self.calls,
            self.median_ms,
            self.lock_waits,
            self.waited_ms,
            self.temporary_files,
            self.temporary_bytes,
            errors,
        )

    def _place(self, kept: int, seen: int, most: int) -> int:
        """Return where the newest of all that were seen is put; `most` or more: nowhere."""
        return kept if kept < most else self._random.randrange(seen)


def _size(call: Call) -> int:
    return len(call.text) + sum(len(value or "") for value in call.parameters.values())


def _is_alike(one: Call, other: Call) -> bool:
    return one.text == other.text and one.parameters == other.parameters
