"""What a server's log tells of the workload. No values, and no text of the log: both stay out of reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LoggedError:
    """Errors of one kind during a statement."""

    sqlstate: str
    """"" where the log does not tell it."""
    what: str
    """One of our own words for it: a message of the server may hold values."""
    count: int


@dataclass(frozen=True)
class LoggedStatement:
    """What the log tells of one statement of the workload, beside the values of its calls."""

    query_id: int | None
    """None: of all statements that are not of the workload, together."""
    text: str
    """As in the workload, never as in the log; "" of those that are not of it."""
    calls: int
    """Those whose end, or plan, was logged."""
    median_ms: float | None
    """Of the logged calls, which may be the slow ones only; None: no duration was logged."""
    lock_waits: int
    """Waits for a lock that took longer than `deadlock_timeout`."""
    waited_ms: float
    temporary_files: int
    temporary_bytes: int
    errors: tuple[LoggedError, ...]

    @property
    def has_trouble(self) -> bool:
        return bool(self.lock_waits or self.temporary_files or self.errors)


@dataclass(frozen=True)
class ServerLog:
    """What was read of a server's log."""

    files: int
    messages: int
    of_other_databases: int
    """Messages among them that are left out."""
    unread: int
    """Lines, or records, that were not understood."""
    statements: tuple[LoggedStatement, ...]
    """Those that the log tells anything of, the ones with most trouble first."""
