"""Moments and ages, all relative to the moment of reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pgwright.model.snapshot import Snapshot

FAR_FUTURE = datetime.max.replace(tzinfo=UTC)
FAR_PAST = datetime.min.replace(tzinfo=UTC)
# What PostgreSQL's `timestamp` may hold and Python's may not.
_BEYOND = {"infinity": FAR_FUTURE, "-infinity": FAR_PAST}


def moment(text: str) -> datetime | None:
    """Return a moment from ISO 8601 text, as UTC where it names no zone; None where it is none.

    >>> moment("2026-01-02 03:04:05+00").isoformat(), moment("infinity") == FAR_FUTURE, moment("soon")
    ('2026-01-02T03:04:05+00:00', True, None)
    """
    if text in _BEYOND:
        return _BEYOND[text]
    if text.endswith(" BC"):
        return FAR_PAST
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def taken_at(snapshot: Snapshot) -> datetime:
    """Return the moment of reading."""
    return moment(snapshot.taken_at) or FAR_PAST


def statistics_days(snapshot: Snapshot) -> float | None:
    """Return the days over which the counters counted, at least; None when nothing says.

    Where the server does not say, they are taken to be as old as its start.
    """
    since = snapshot.server.statistics_reset_at or snapshot.server.started_at
    start = moment(since) if since else None
    return None if start is None else max(0.0, (taken_at(snapshot) - start) / timedelta(days=1))
