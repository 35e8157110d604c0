"""What the ORM tells of a statement that it executes: why it runs, along which relationships, what it loads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Mapper, RelationshipProperty

from pgwright_runtime import _alchemy

Path = tuple[RelationshipProperty[Any], ...]
"""Relationships from the root of a query on, as `(Notebook.sources, Source.chunks)`."""


def relationships(path: tuple[Any, ...]) -> Path:
    """Return the relationships of a path in the ORM's own objects, where they alternate with mappers."""
    return tuple(step for step in path if isinstance(step, RelationshipProperty))


def joined_paths(compiled: Any) -> Iterator[tuple[Path, bool]]:
    """Yield the relationships that a statement loads by a join, as paths from its own entities.

    The second value is False for `contains_eager`: its join may be there to filter.
    """
    for path, is_chosen in _alchemy.joined_loads(compiled):
        steps = relationships(path)
        if steps:
            yield steps, is_chosen


def is_subclass_load(statement: Any) -> bool:
    """Return whether the columns of subclasses are loaded (`polymorphic_load="selectin"`)."""
    path = _alchemy.load_path(statement)
    return bool(path) and not relationships(path) and not _alchemy.is_refresh(statement)


def entities(statement: Any) -> Iterator[tuple[Mapper[Any], bool]]:
    """Yield the mapped classes whose instances a statement returns; True: as an alias or by with_polymorphic()."""
    for column in getattr(statement, "column_descriptions", None) or ():
        if column["entity"] is not None and column["expr"] is column["entity"]:
            found = _alchemy.selected_class(column["entity"])
            if found is not None:
                yield found


@dataclass(frozen=True, slots=True)
class Refresh:
    """Why the columns of one instance are loaded after the instance."""

    mapper: Mapper[Any]
    keys: frozenset[str] | None
    """Attributes that are loaded; None: all, by `session.refresh()`."""
    is_expired: bool
    """Whether they were dropped, as by a commit, or not known of a subclass; else they are deferred."""
    is_asked: bool
    """Whether `session.refresh()` was called."""


def refresh(statement: Any, options: Any) -> Refresh | None:
    """Return why a statement with these execution options loads columns of an instance; call it while that runs."""
    state = _alchemy.refreshed_state(options)
    if state is None:
        return None
    keys = _alchemy.refreshed_keys(statement)
    is_expired = keys is None or not keys.isdisjoint(state.expired_attributes)
    return Refresh(state.mapper, keys, is_expired, _alchemy.is_user_refresh(options))


def name_of(relationship: RelationshipProperty[Any]) -> str:
    return f"{relationship.parent.class_.__name__}.{relationship.key}"
