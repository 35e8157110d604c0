"""What to do about a problem: the loader option, and the sentence around it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy.orm import Mapper, RelationshipProperty

from pgwright_runtime.guard.execution import Refresh, name_of

Steps = Sequence[tuple[RelationshipProperty[Any], str]]
"""Relationships from the root of a query on, each with the option that loads it, as `selectinload`."""

EXPIRED = (
    "the instances had expired, as after commit(): make the session with expire_on_commit=False, or read before it"
)
FETCH = "fetch all rows with one statement, by IN or a join"
WRITE = "write all rows with one statement: one flush() for many instances, or a list of parameters"
REFRESH = "session.refresh() asks once for each instance: leave it out, or select them all with populate_existing"


def default_option(relationship: RelationshipProperty[Any]) -> str:
    return "selectinload" if relationship.uselist else "joinedload"


def loader_option(
    steps: Steps, root: Mapper[Any] | None = None, *, is_alias: bool = False, apart: Collection[Mapper[Any]] = ()
) -> str:
    """Return the option that loads a path eagerly, as `selectinload(A.bs).joinedload(B.c)`.

    Args:
        root: class that the query selects; None: the one that the path begins at.
        is_alias: whether it selects an alias of that class, whose attributes the option has to begin with.
        apart: subclasses that were loaded apart from their base: SQLAlchemy takes only one option for all of them.
    Source: SQLAlchemy, Writing SELECT statements for Inheritance Mappings: a subclass's relationship is loaded only
        along with the subclass, by selectin_polymorphic().
    """
    text, entity = "", root
    for number, (relationship, option) in enumerate(steps):
        parent = relationship.parent
        is_subclass = entity is not None and parent is not entity and parent.isa(entity)
        name = name_of(relationship)
        if is_alias and number == 0:
            name = f"alias.{name if is_subclass else relationship.key}"
        elif entity is not None and is_subclass and _loads_apart(entity, parent):
            rest = f"{_polymorphic(entity, parent, apart)}, {loader_option(steps[number:], parent, apart=apart)}"
            return f"{text}.options({rest})" if text else rest
        text += f"{'.' if text else ''}{option}({name})"
        entity = relationship.mapper
    return text


def add_option(loader: str, root: Mapper[Any], *, is_alias: bool = False) -> str:
    """Return where a loader option has to be added."""
    name = root.class_.__name__
    if is_alias:
        return f"add {loader} to the query, where alias is its alias of {name}"
    return f"add {loader} to the query of {name}"


def add_levels(relationship: RelationshipProperty[Any]) -> tuple[str, str]:
    """Return option and sentence for a relationship that is followed from row to row of one table."""
    loader = f"selectinload({name_of(relationship)}, recursion_depth=-1)"
    root = relationship.parent.class_.__name__
    return loader, f"add {loader} to the query of {root}, for one statement a level, or use a recursive CTE"


def for_refresh(refresh: Refresh, loaded: Mapper[Any] | None, apart: Collection[Mapper[Any]] = ()) -> tuple[str, str]:
    """Return option and sentence for columns that are loaded instance by instance.

    Args:
        loaded: class that the query of the instances selects, if it is known.
        apart: as of `loader_option`.
    """
    mapper, keys = refresh.mapper, refresh.keys
    if keys is None or refresh.is_asked:
        return _for_asked(mapper, keys or frozenset(), loaded or mapper)
    columns = sorted(key for key in keys if key in mapper.column_attrs)
    if not refresh.is_expired:
        loader = ", ".join(f"undefer({mapper.class_.__name__}.{key})" for key in columns)
        return (loader, f"add {loader} to the query of {mapper.class_.__name__}") if loader else ("", FETCH)
    base = loaded or mapper.inherits
    if base is not None and base is not mapper and not any(key in base.attrs for key in keys):
        loader = _polymorphic(base, mapper, apart)
        return loader, f"add {loader} to the query of {base.class_.__name__}"
    return "", EXPIRED


def _for_asked(mapper: Mapper[Any], keys: Collection[str], loaded: Mapper[Any]) -> tuple[str, str]:
    """Return option and sentence where `session.refresh()` was called; the keys are those that it was given."""
    relationships = [mapper.relationships[key] for key in sorted(keys) if key in mapper.relationships]
    if not relationships:
        return "", REFRESH
    loader = ", ".join(f"{default_option(each)}({name_of(each)})" for each in relationships)
    root = loaded.class_.__name__
    return loader, f"session.refresh() asks once for each instance: add {loader} to the query of {root} in its place"


def _polymorphic(base: Mapper[Any], subclass: Mapper[Any], apart: Collection[Mapper[Any]]) -> str:
    own = {subclass, *(each for each in apart if each is not base and each.isa(base) and _loads_apart(base, each))}
    names = ", ".join(sorted(each.class_.__name__ for each in own))
    return f"selectin_polymorphic({base.class_.__name__}, [{names}])"


def _loads_apart(base: Mapper[Any], subclass: Mapper[Any]) -> bool:
    """Return whether a query of the base class leaves the subclass's columns out."""
    return subclass not in base.with_polymorphic_mappers and subclass.polymorphic_load != "selectin"
