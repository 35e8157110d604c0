"""What could not be looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class NotExamined:
    """Something that could not be looked at. Never silence, and never 'fine'."""

    what: str
    """A subject, a check, or an object."""
    reason: str
    remedy: str = ""
    """What would make it possible, often a GRANT; "" when nothing would."""
    parts: tuple[str, ...] = ()
    """Fields of its source that are therefore missing as a whole: `indexes` of a snapshot."""
    checks: tuple[str, ...] = ()
    """Names of the checks that therefore looked at nothing."""


def lacking(missing: Iterable[NotExamined], parts: Collection[str]) -> NotExamined | None:
    """Return the first entry for which one of these parts of a source is missing; None when all of them were read."""
    return next((one for one in missing if not set(one.parts).isdisjoint(parts)), None)
