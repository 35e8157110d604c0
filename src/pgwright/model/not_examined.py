"""What could not be looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pgwright.model.names import QualifiedName


@dataclass(frozen=True)
class NotExamined:
    """Something that could not be looked at. Never silence, and never 'fine'."""

    what: str
    """A subject, a check, or an object."""
    reason: str
    remedy: str = ""
    """What would make it possible, often a GRANT; "" when nothing would."""
    parts: tuple[str, ...] = ()
    """Fields of its source that are therefore missing: `indexes` of a snapshot; as a whole, or of `relations`."""
    checks: tuple[str, ...] = ()
    """Names of the checks that therefore looked at nothing."""
    relations: tuple[QualifiedName, ...] = ()
    """The tables and sequences of which those fields are missing; none named: of all."""


def lacking(missing: Iterable[NotExamined], parts: Collection[str]) -> NotExamined | None:
    """Return the first entry for which one of these parts is missing as a whole; None when there is none."""
    return next((one for one in missing if not one.relations and not set(one.parts).isdisjoint(parts)), None)
