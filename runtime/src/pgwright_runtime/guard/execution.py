"""What the ORM tells of a statement that it executes: why it runs, along which relationships, what it loads.

`ORMExecuteState` has the same fields in public (`lazy_loaded_from`, `loader_strategy_path`), but the event that gives
it, `do_orm_execute`, makes every session of the process prepare each statement twice, and cannot say to which cursor
the statement went. So this reads them where that class reads them; names that a version lacks count as "not told".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import InstanceState, Mapper, RelationshipProperty

Path = tuple[RelationshipProperty[Any], ...]
"""Relationships from the root of a query on, as `(Notebook.sources, Source.chunks)`."""


def lazy_parent(options: Any) -> InstanceState[Any] | None:
    """Return the instance whose relationship was read, if a statement with these execution options is its lazy load."""
    parent: InstanceState[Any] | None = getattr(options.get("_sa_orm_load_options"), "_lazy_loaded_from", None)
    return parent


def raw_path(statement: Any) -> tuple[Any, ...]:
    """Return the path of a relationship's load, in the ORM's own objects; () if it is none."""
    options = getattr(statement, "_compile_options", None)
    path: tuple[Any, ...] = getattr(getattr(options, "_current_path", None), "path", ())
    return path


def relationships(path: tuple[Any, ...]) -> Path:
    return tuple(step for step in path if isinstance(step, RelationshipProperty))


def is_refresh(statement: Any) -> bool:
    """Return whether columns of one instance are loaded that were expired or deferred."""
    return bool(getattr(getattr(statement, "_compile_options", None), "_for_refresh_state", False))


def is_subclass_load(statement: Any) -> bool:
    """Return whether the columns of subclasses are loaded (`polymorphic_load="selectin"`)."""
    path = raw_path(statement)
    return bool(path) and not relationships(path) and not is_refresh(statement)


def is_subqueryload(options: Any) -> bool:
    return any(isinstance(key, tuple) and key[0] == "orig_query" for key in options)


def joined_paths(compiled: Any) -> Iterator[tuple[Path, bool]]:
    """Yield the relationships that a statement loads by a join, as paths from its own entities.

    The second value is False for `contains_eager`: its join may be there to filter.
    """
    attributes = getattr(getattr(compiled, "compile_state", None), "attributes", None) or {}
    for key in attributes:
        if isinstance(key, tuple) and key[0] in ("eager_row_processor", "user_defined_eager_row_processor"):
            path = relationships(key[1])
            if path:
                yield path, ("user_defined_eager_row_processor", key[1]) not in attributes


def entities(statement: Any) -> Iterator[tuple[Mapper[Any], bool]]:
    """Yield the mapped classes whose instances a statement returns; True: as an alias or by with_polymorphic()."""
    for column in getattr(statement, "column_descriptions", None) or ():
        if column["entity"] is not None and column["expr"] is column["entity"]:
            alias = getattr(column["entity"], "_aliased_insp", None)
            mapper = getattr(column["entity"], "__mapper__", None) or getattr(alias, "mapper", None)
            if mapper is not None:
                yield mapper, alias is not None


@dataclass(frozen=True, slots=True)
class Refresh:
    """Why the columns of one instance are loaded after the instance."""

    mapper: Mapper[Any]
    keys: frozenset[str] | None
    """Attributes that are loaded; None: all, by `session.refresh()`."""
    is_expired: bool
    """Whether they were dropped, as by a commit, or not known of a subclass; else they are deferred."""


def refreshed_state(options: Any) -> InstanceState[Any] | None:
    """Return the instance that a statement with these execution options loads columns of."""
    state: InstanceState[Any] | None = getattr(options.get("_sa_orm_load_options"), "_refresh_state", None)
    return state


def refresh(statement: Any, state: InstanceState[Any] | None) -> Refresh | None:
    """Return why columns of an instance are loaded; call it while the statement runs."""
    if state is None:
        return None
    keys = getattr(getattr(statement, "_compile_options", None), "_only_load_props", None)
    is_expired = keys is None or not keys.isdisjoint(state.expired_attributes)
    return Refresh(state.mapper, None if keys is None else frozenset(keys), is_expired)


def name_of(relationship: RelationshipProperty[Any]) -> str:
    return f"{relationship.parent.class_.__name__}.{relationship.key}"
