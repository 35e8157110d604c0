"""From the statements of a unit to its problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Mapper

from pgwright.runtime.guard import execution
from pgwright.runtime.guard.evidence import Kind, Parent, Problem
from pgwright.runtime.guard.reads import was_read
from pgwright.runtime.guard.units import Group, Unit


def find_problems(unit: Unit, groups: Sequence[Group]) -> tuple[Problem, ...]:
    """Return the problems of a unit: lazy loads, repetitions, unused eager loads, then the budget."""
    found = [*_lazy_loads(unit, groups), *_repetitions(unit, groups), *_unused(unit, groups)]
    kept = [problem for problem in found if problem.relationship not in unit.rules.ignore]
    budget = unit.rules.max_queries
    if budget is not None and unit.count > budget:
        kept.append(Problem("over budget", unit.name, unit.count, budget=budget))
    return tuple(kept)


def _lazy_loads(unit: Unit, groups: Sequence[Group]) -> Iterator[Problem]:
    for group in groups:
        if group.lazy_from is None or not group.path or len(group.parents) < unit.rules.lazy_loads:
            continue
        parent = _parent(group.lazy_from, _loader_of(group, groups), groups)
        option = execution.loader_option(_whole_path(group, groups))
        yield _problem("lazy load", unit, group, group.path[-1], parent, option)


def _repetitions(unit: Unit, groups: Sequence[Group]) -> Iterator[Problem]:
    for group in groups:
        is_load = group.lazy_from is not None or group.is_eager
        if not is_load and not group.is_batch and group.count >= unit.rules.repeats:
            yield _problem("repeated statement", unit, group)


def _unused(unit: Unit, groups: Sequence[Group]) -> Iterator[Problem]:
    if unit.is_blind or not unit.rules.finds_unused:
        return
    told: set[object] = set()
    for group in groups:
        if not group.rows:
            continue
        for relationship, option in group.eager_loads().items():
            is_second = group.is_eager and relationship is group.path[-1]
            outer = group.path[:-1] if is_second else group.path
            if any(not was_read(step, unit.reads) for step in outer):
                # What it belongs to was not read, and is told in its place.
                continue
            if relationship not in told and not was_read(relationship, unit.reads):
                told.add(relationship)
                by_mapping = relationship.lazy in ("joined", "selectin", "subquery", False)
                option = "lazyload" if by_mapping else option
                loader = f"{option}({execution.name_of(relationship)})"
                source = _loader_of(group, groups) if is_second else group
                parent = _parent(relationship.parent, source, groups)
                yield _problem("unused eager load", unit, group, relationship, parent, loader)


def _problem(
    kind: Kind,
    unit: Unit,
    group: Group,
    relationship: Any = None,
    parent: Parent | None = None,
    loader: str = "",
) -> Problem:
    use = group.use()
    return Problem(
        kind,
        unit.name,
        use.count,
        execution.name_of(relationship) if relationship is not None else "",
        parent,
        loader,
        use.place,
        use.rows,
        use.fingerprint,
        use.text,
    )


def _parent(mapper: Mapper[Any], source: Group | None, groups: Sequence[Group]) -> Parent:
    root = source
    while root and root.path and (outer := _loader_of(root, groups)):
        root = outer
    return Parent(
        mapper.class_.__name__,
        source.server_text if source else "",
        root.server_text if root else "",
        source.rows if source else None,
    )


def _loader_of(group: Group, groups: Sequence[Group]) -> Group | None:
    """Return the statement that loaded the parents of a relationship's load.

    Of those before it that load their class it is the last one that returned rows for so many parents: a `get()` of
    one instance between the list and the loop has fewer.
    """
    mapper = group.lazy_from or group.path[-1].parent
    before = [other for other in groups[: groups.index(group)] if _prefix(other, mapper) is not None]
    needed = group.count if group.lazy_from else 0
    enough = [other for other in before if other.rows is None or other.rows >= needed]
    return next(reversed(enough or before), None)


def _whole_path(group: Group, groups: Sequence[Group]) -> execution.Path:
    """Return the path of a lazy load from the root of the query that its option has to be added to.

    The ORM tells all of it where that query has options of its own, else only the last step.
    """
    if len(group.path) > 1:
        return group.path
    source = _loader_of(group, groups)
    prefix = _prefix(source, group.lazy_from or group.path[-1].parent) if source else None
    if source is None or prefix is None:
        return group.path
    if source.path:
        # Sources come before what they load, so this ends.
        prefix = (*_whole_path(source, groups), *prefix)
    return (*prefix, *group.path)


def _prefix(group: Group, mapper: Mapper[Any]) -> execution.Path | None:
    """Return the joined relationships from a statement's own entities to a class; None: it does not load the class."""
    own = [group.path[-1].mapper] if group.path else list(execution.entities(group.statement))
    if any(_related(entity, mapper) for entity in own):
        return ()
    for path, _ in execution.joined_paths(group.compiled):
        if _related(path[-1].mapper, mapper):
            return path
    return None


def _related(loaded: Mapper[Any], mapper: Mapper[Any]) -> bool:
    return mapper.isa(loaded) or loaded.isa(mapper)
