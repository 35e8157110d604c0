"""A fix in revisions: what is safe in one, and each of the others in one or two of its own, in the order to deploy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pgwright.model.change import AnalyzeTable, ConvertOnline, CreateIndex, DropIndex, UniqueAmongLiving
from pgwright.model.fix import Fix
from pgwright.model.names import QualifiedName
from pgwright.model.remedy import Remedy
from pgwright.model.snapshot import Snapshot
from pgwright.remedies import unique_among_living
from pgwright.remedies.message import message_for


@dataclass(frozen=True)
class Part:
    """What one revision, or one script, holds of a fix."""

    fix: Fix
    message: str
    """What it does, in one line."""


def in_parts(fix: Fix, snapshot: Snapshot, message: str = "") -> tuple[Part, ...]:
    """Return the revisions of a fix, in the order in which they follow each other; none where it has no remedy.

    Args:
        message: of the user; of several revisions each says after it what it does.
    """
    groups = _groups(fix.remedies, snapshot)
    parts = []
    for number, remedies in enumerate(groups):
        # What the fix leaves open is told once, in the first.
        told = fix if number == 0 else Fix((), (), ())
        does = message_for(remedies)
        said = does if not message else message if len(groups) == 1 else f"{message}: {does}"
        parts.append(Part(replace(told, remedies=remedies, proof=fix.proof), said))
    return tuple(parts)


def _groups(remedies: Sequence[Remedy], snapshot: Snapshot) -> list[tuple[Remedy, ...]]:
    # Each of a series waits for what is deployed, or filled, after the one before it.
    online = [(one,) for one in remedies if isinstance(one.change, ConvertOnline)]
    safe = [one for one in remedies if one.is_safe and not isinstance(one.change, ConvertOnline)]
    breaking: list[tuple[Remedy, ...]] = []
    for remedy in remedies:
        if remedy.is_safe:
            continue
        following = [one for one in safe if _follows(one, remedy)]
        safe = [one for one in safe if one not in following]
        if isinstance(remedy.change, UniqueAmongLiving):
            first, second = unique_among_living.in_two(remedy, remedy.change, snapshot)
            breaking += [(first,), (second, *following)]
        else:
            breaking.append((remedy, *following))
    return [*([tuple(safe)] if safe else []), *breaking, *online]


def _follows(safe: Remedy, breaking: Remedy) -> bool:
    """Tell whether a remedy has to wait for one that is not safe: it counts on the index that this one builds."""
    built = _builds_on(breaking)
    return isinstance(safe.change, DropIndex | AnalyzeTable) and safe.change.table == built


def _builds_on(remedy: Remedy) -> QualifiedName | None:
    change = remedy.change
    return change.definition.table if isinstance(change, CreateIndex | UniqueAmongLiving) else None
