"""What could not be looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotExamined:
    """Something that could not be looked at. Never silence, and never 'fine'."""

    what: str
    """A subject, a check, or an object."""
    reason: str
    remedy: str = ""
    """What would make it possible, often a GRANT; "" when nothing would."""
