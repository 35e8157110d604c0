"""Keep what was derived from a snapshot with the snapshot, for several checks ask the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

from pgwright.model.snapshot import Snapshot

T = TypeVar("T")


def once_a_snapshot(read: Callable[[Snapshot], T]) -> Callable[[Snapshot], T]:
    """Call a function once for each snapshot; the result lives and dies with it, like its own cached properties."""
    place = f"_{read.__module__}.{read.__qualname__}"

    @wraps(read)
    def recall(snapshot: Snapshot) -> T:
        kept = vars(snapshot)
        if place not in kept:
            kept[place] = read(snapshot)
        return cast("T", kept[place])

    return recall
