"""What the log has of one statement, gathered without keeping the log: some calls, the plans, and sums of the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from statistics import median
from typing import Generic, TypeVar

from pgwright.logs.messages import Failure, LockWait, LoggedCall, TemporaryFile
from pgwright.logs.plans import Ways
from pgwright.logs.values import Values, read_values
from pgwright.model.log import LoggedError, LoggedStatement

# Calls of one statement that are kept, and durations, from any time of the log.
MOST_CALLS = 20
_MOST_DURATIONS = 1_000
_MOST_PLANS = 10
# A longer text is counted, and its values are not kept: those of a bulk INSERT prove little.
_MOST_CHARACTERS = 20_000

T = TypeVar("T")


class Reservoir(Generic[T]):
    """Some of many things, each with the same chance to be among them."""

    def __init__(self, most: int) -> None:
        self._most, self._seen, self._random = most, 0, Random(0)
        self.kept: list[T] = []

    def add(self, one: T) -> None:
        self._seen += 1
        if len(self.kept) < self._most:
            self.kept.append(one)
        elif (place := self._random.randrange(self._seen)) < self._most:
            self.kept[place] = one


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
    _calls: Reservoir[LoggedCall] = field(default_factory=lambda: Reservoir(MOST_CALLS))
    _durations: Reservoir[float] = field(default_factory=lambda: Reservoir(_MOST_DURATIONS))
    _waiting: dict[str, float] = field(default_factory=dict)
    """How long a process waits, by the last message of it, in milliseconds."""

    def add(self, message: LoggedCall | LockWait | TemporaryFile | Failure) -> None:
        if isinstance(message, LoggedCall):
            self._call(message)
        elif isinstance(message, LockWait):
            self._wait(message)
        elif isinstance(message, TemporaryFile):
            self.temporary_files += 1
            self.temporary_bytes += message.bytes
        else:
            self.errors[message.sqlstate, message.what] += 1

    def _wait(self, wait: LockWait) -> None:
        """Add to the waits: one is told when it has lasted for deadlock_timeout, and again when it is over."""
        told = self._waiting.pop(wait.process, None) if wait.is_over else None
        self.lock_waits += told is None
        self.waited_ms += wait.waited_ms - (told or 0.0)
        if not wait.is_over:
            self._waiting[wait.process] = wait.waited_ms

    def _call(self, call: LoggedCall) -> None:
        """Count a call, and keep it with the chance that every other one has, unless one like it is kept."""
        self._ended += call.ways is None
        self._planned += call.ways is not None
        if call.duration_ms is not None:
            self._durations.add(call.duration_ms)
        if call.ways is not None and len(self.plans) < _MOST_PLANS:
            self.plans[call.ways] = None
        if _size(call) <= _MOST_CHARACTERS and not any(_is_alike(call, one) for one in self._calls.kept):
            self._calls.add(call)

    def values(self, known: str) -> tuple[Values, ...]:
        """Return the values of the calls that are kept, those of a middling duration first.

        Args:
            known: the statement, as the workload has it.
        """
        middle = self.median_ms or 0.0
        ordered = sorted(self._calls.kept, key=lambda call: abs((call.duration_ms or 0.0) - middle))
        read = (read_values(known, call.text, call.parameters) for call in ordered)
        return tuple(dict.fromkeys(values for values in read if values))

    @property
    def calls(self) -> int:
        """How many calls were logged: one may be there twice, by its plan and by its end."""
        return max(self._ended, self._planned)

    @property
    def median_ms(self) -> float | None:
        return median(self._durations.kept) if self._durations.kept else None

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


def _size(call: LoggedCall) -> int:
    return len(call.text) + sum(len(value or "") for value in call.parameters.values())


def _is_alike(one: LoggedCall, other: LoggedCall) -> bool:
    return one.text == other.text and one.parameters == other.parameters
