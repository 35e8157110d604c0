"""What the catalogs say of materialized views, and the order in which they are refreshed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, text

from pgwright_runtime._sql import read_sql

_STATE = text(read_sql("pgwright_runtime.materialized", "state"))

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class ViewState:
    """A materialized view as the catalogs have it."""

    oid: int
    is_materialized: bool
    """False: a relation of that name is something else."""
    is_populated: bool
    has_key: bool
    """It has a unique index by which it can be refreshed while it is read."""
    sources: frozenset[int]
    """The materialized views that it reads, itself or through plain views."""


def read_state(connection: Connection, relation: str) -> ViewState | None:
    """Return what the catalogs say of a relation, whose name is quoted already; None: there is none."""
    found = connection.execute(_STATE, {"relation": relation}).one_or_none()
    if found is None:
        return None
    return ViewState(found.oid, found.is_materialized, found.is_populated, found.has_key, frozenset(found.sources))


def sources_first(sources: Mapping[K, Iterable[K]]) -> list[K]:
    """Return the keys so that each comes after all that it reads; what is no key is left out.

    Materialized views can read each other in a circle, by a plain view that was replaced later: there one of them has
    to be first.
    """
    ordered: dict[K, None] = {}
    entered: set[K] = set()
    for start in sources:
        # Own stack: a chain may be longer than Python recurses.
        stack = [(start, False)]
        while stack:
            key, is_left = stack.pop()
            if is_left:
                ordered[key] = None
            elif key in sources and key not in entered:
                entered.add(key)
                stack.append((key, True))
                stack.extend((one, False) for one in sources[key])
    return list(ordered)
