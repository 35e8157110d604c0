"""What a new partition is called: as those before it are, else by the table and the period's first day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import blake2b

from pgwright_runtime.retention.partitions.periods import Every

# A name of PostgreSQL has so many bytes at most; the server cuts what is longer.
MAX_NAME_BYTES = 63
_DAYS = ("%Y_%m_%d", "%Y-%m-%d", "%Y%m%d", "y%Ym%md%d", "%y%m%d")
_WEEKS = ("%G_%V", "%Gw%V", "%G_w%V", "%GW%V", "%G_W%V")
_MONTHS = ("%Y_%m", "%Y-%m", "%Y%m", "y%Ym%m", "%ym%m")
_YEARS = ("%Y", "y%Y")
_MOMENTS = ("%Y_%m_%d_%H%M%S", "%Y%m%d_%H%M%S", "%Y_%m_%d_%H%M", "%Y%m%d_%H%M", "%Y%m%d%H%M", "%Y%m%dT%H%M")
_HOURS = ("%Y_%m_%d_%H", "%Y%m%d_%H", "%Y%m%d%H")
_FORMATS: dict[str, tuple[str, ...]] = {
    "day": _DAYS,
    "week": (*_DAYS, *_WEEKS),
    "month": (*_DAYS, *_MONTHS),
    "year": (*_DAYS, *_MONTHS, *_YEARS),
}
_DEFAULT = {"day": "%Y_%m_%d", "week": "%Y_%m_%d", "month": "%Y_%m", "year": "%Y"}


def formats(every: Every) -> tuple[str, ...]:
    """Return the forms of a date that tell such periods apart, longest first."""
    if not isinstance(every, timedelta):
        return _FORMATS[every]
    if every % timedelta(days=1) == timedelta(0):
        return (*_MOMENTS, *_DAYS)
    return (*_MOMENTS, *_HOURS) if every % timedelta(hours=1) == timedelta(0) else _MOMENTS


def default_format(every: Every) -> str:
    if not isinstance(every, timedelta):
        return _DEFAULT[every]
    return "%Y_%m_%d" if every % timedelta(days=1) == timedelta(0) else "%Y_%m_%d_%H%M%S"


def pattern_of(name: str, lower: datetime, every: Every) -> tuple[str, str, str] | None:
    """Return how a partition's name is made: what stands before its date, the date's form, what stands after.

    >>> pattern_of("events_2026_05", datetime(2026, 5, 1), "month")
    ('events_', '%Y_%m', '')
    """
    for form in formats(every):
        before, date, after = name.rpartition(lower.strftime(form))
        if date and before:
            return before, form, after
    return None


def name_for(pattern: tuple[str, str, str], lower: datetime, taken: Collection[str]) -> str:
    """Return a name of at most 63 bytes that no relation of the schema has."""
    before, form, after = pattern
    number = 1
    while True:
        name = fitting(before, lower.strftime(form) + after + (f"_{number}" if number > 1 else ""))
        if name not in taken:
            return name
        number += 1


def fitting(before: str, after: str) -> str:
    """Join both, and where that is too long shorten the first, with a hash of what it was.

    >>> fitting("events", "_2026")
    'events_2026'
    """
    room = MAX_NAME_BYTES - len(after.encode())
    if len(before.encode()) <= room:
        return before + after
    digest = blake2b(before.encode(), digest_size=4).hexdigest()
    return before.encode()[: room - len(digest) - 1].decode(errors="ignore") + "_" + digest + after
