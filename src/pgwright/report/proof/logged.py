"""What the server's log told, in words: counts only, for its texts and values are not for reports."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import count, duration, listing, milliseconds, size
from pgwright.model.log import LoggedError, LoggedStatement, ServerLog
from pgwright.model.proof import Proof

_MOST_ERRORS = 3


def log_sentences(proof: Proof, log: ServerLog) -> Iterator[str]:
    """Yield what was read, and what it was good for."""
    left_out = [
        *([f"{count(log.of_other_databases)} of other databases"] if log.of_other_databases else ()),
        *([f"{count(log.unread, 'line')} not understood"] if log.unread else ()),
    ]
    calls = sum(one.calls for one in log.statements)
    yield (
        f"{count(log.files, 'file')}, {count(log.messages, 'message')}{''.join(f', {one}' for one in left_out)}; "
        f"{count(calls, 'call')} of statements of the workload."
    )
    if proof.statements:
        real = sum(one.values == "log" for one in proof.statements)
        otherwise = sum(bool(one.planned_otherwise) for one in proof.statements)
        plans = f"; production plans {otherwise} of them otherwise than the copy" if otherwise else ""
        yield f"{real} of {count(len(proof.statements), 'statement')} measured with values of such a call{plans}."


def troubled(log: ServerLog) -> tuple[LoggedStatement, ...]:
    """Return the statements that waited, wrote temporary files or failed; last all others, together."""
    return tuple(one for one in log.statements if one.has_trouble)


def trouble(one: LoggedStatement) -> str:
    """Return what went wrong in a statement."""
    parts = []
    if one.lock_waits:
        parts.append(f"{count(one.lock_waits, 'lock wait')}, {_time(one.waited_ms)}")
    if one.temporary_files:
        parts.append(f"{count(one.temporary_files, 'temporary file')}, {size(one.temporary_bytes)}")
    if one.errors:
        total = sum(error.count for error in one.errors)
        kinds = (
            [f"{error.count:,} {_kind(error)}" for error in one.errors] if one.errors[1:] else [_kind(one.errors[0])]
        )
        parts.append(f"{count(total, 'error')}: {listing(kinds, _MOST_ERRORS)}")
    return "; ".join(parts)


def _kind(error: LoggedError) -> str:
    return error.what + (f" ({error.sqlstate})" if error.sqlstate else "")


def _time(waited_ms: float) -> str:
    return milliseconds(waited_ms) if waited_ms < 60_000 else duration(waited_ms / 1000)
