"""From the statements of a unit to its problems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Mapper

from pgwright_runtime import _alchemy
from pgwright_runtime.guard import execution, remedies
from pgwright_runtime.guard.evidence import Kind, Parent, Problem
from pgwright_runtime.guard.reads import is_seen, was_read
from pgwright_runtime.guard.record import Record, StatementGroup


def find_problems(record: Record) -> tuple[Problem, ...]:
    """Return the problems of a unit: lazy loads, repetitions, unused eager loads, then the budget."""
    groups = record.groups
    found = [*_lazy_loads(record, groups), *_repetitions(record, groups), *_unused(record, groups)]
    kept = [problem for problem in found if problem.relationship not in record.rules.ignore]
    budget = record.rules.max_queries
    if budget is not None and record.count > budget:
        kept.append(Problem("over budget", record.name, record.count, budget=budget))
    return tuple(kept)


def _lazy_loads(record: Record, groups: Sequence[StatementGroup]) -> Iterator[Problem]:
    for group in groups:
        if group.lazy_from is None or not group.path or len(group.parents) < record.rules.lazy_loads:
            continue
        source = _loader_of(group, groups)
        parent = _parent(group.lazy_from, source, groups)
        yield _problem("lazy load", record, group, _eager(group, source, groups), group.path[-1], parent)


def _eager(group: StatementGroup, source: StatementGroup | None, groups: Sequence[StatementGroup]) -> tuple[str, str]:
    """Return the option that spares a lazy load, and the sentence around it."""
    relationship = group.path[-1]
    for other in groups:
        expired = other.refresh.keys if other.refresh and other.refresh.is_expired else None
        if expired and relationship.key in expired and other.parents & group.parents:
            return "", remedies.EXPIRED
    is_within = relationship.mapper.isa(relationship.parent) or relationship.parent.isa(relationship.mapper)
    if is_within and source is not None and source.rows is not None and source.rows < group.count:
        return remedies.add_levels(relationship)
    in_use = {step: option for other in groups for step, option in other.options_in_use().items()}
    path = _whole_path(group, groups)
    steps = [(step, in_use.get(step) or remedies.default_option(step)) for step in path[:-1]]
    steps.append((relationship, remedies.default_option(relationship)))
    begin = path[0].parent
    root, is_alias = _entity_of(_root(source, groups), begin) or (begin, False)
    loader = remedies.loader_option(steps, root, is_alias=is_alias, apart=_loaded_apart(groups))
    return loader, remedies.add_option(loader, root, is_alias=is_alias)


def _loaded_apart(groups: Sequence[StatementGroup]) -> set[Mapper[Any]]:
    """Return the classes whose own columns or relationships were loaded apart from their instances."""
    refreshed = [group.refresh.mapper for group in groups if group.refresh and not group.refresh.is_asked]
    followed = [group.path[0].parent for group in groups if group.lazy_from is not None and group.path]
    chosen = [each for group in groups for each in _alchemy.polymorphic_options(group.statement)]
    return {*refreshed, *followed, *chosen}


def _repetitions(record: Record, groups: Sequence[StatementGroup]) -> Iterator[Problem]:
    for group in groups:
        is_load = group.lazy_from is not None or group.is_eager
        if is_load or group.is_batch or group.count < record.rules.repeats:
            continue
        if group.refresh is not None:
            source = _loader_of(group, groups)
            entity = _entity_of(source, group.refresh.mapper)
            remedy = remedies.for_refresh(group.refresh, entity and entity[0], _loaded_apart(groups))
        else:
            is_write = group.text.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE")
            remedy = "", remedies.WRITE if is_write else remedies.FETCH
        yield _problem("repeated statement", record, group, remedy)


def _unused(record: Record, groups: Sequence[StatementGroup]) -> Iterator[Problem]:
    if record.is_blind or not record.rules.finds_unused:
        return
    told: set[object] = set()
    for group in groups:
        if not group.rows:
            continue
        for relationship, option in group.eager_loads().items():
            is_second = group.is_eager and relationship is group.path[-1]
            outer = group.path[:-1] if is_second else group.path
            if any(not was_read(step, record.reads) for step in outer):
                # What it belongs to was not read, and is told in its place.
                continue
            is_unread = is_seen(relationship.parent, record.reads) and not was_read(relationship, record.reads)
            if relationship not in told and is_unread:
                told.add(relationship)
                by_mapping = relationship.lazy in ("joined", "selectin", "subquery", False)
                option = "lazyload" if by_mapping else option
                loader = f"{option}({execution.name_of(relationship)})"
                source = _loader_of(group, groups) if is_second else group
                parent = _parent(relationship.parent, source, groups)
                remedy = loader, f"{'add' if by_mapping else 'drop'} {loader}"
                yield _problem("unused eager load", record, group, remedy, relationship, parent)


def _problem(
    kind: Kind,
    record: Record,
    group: StatementGroup,
    remedy: tuple[str, str],
    relationship: Any = None,
    parent: Parent | None = None,
) -> Problem:
    use = group.use()
    return Problem(
        kind,
        record.name,
        use.count,
        execution.name_of(relationship) if relationship is not None else "",
        parent,
        remedy[0],
        use.place,
        use.rows,
        use.fingerprint,
        use.text,
        remedy[1],
    )


def _parent(mapper: Mapper[Any], source: StatementGroup | None, groups: Sequence[StatementGroup]) -> Parent:
    root = _root(source, groups)
    return Parent(
        mapper.class_.__name__,
        source.server_text if source else "",
        root.server_text if root else "",
        source.rows if source else None,
    )


def _root(source: StatementGroup | None, groups: Sequence[StatementGroup]) -> StatementGroup | None:
    """Return the query that began what led to a statement."""
    while source and source.path and (outer := _loader_of(source, groups)):
        source = outer
    return source


def _entity_of(group: StatementGroup | None, mapper: Mapper[Any]) -> tuple[Mapper[Any], bool] | None:
    """Return what a query selects of a class's hierarchy, and whether it is an alias."""
    found = execution.entities(group.statement) if group else ()
    return next((entity for entity in found if _related(entity[0], mapper)), None)


def _loader_of(group: StatementGroup, groups: Sequence[StatementGroup]) -> StatementGroup | None:
    """Return the statement that loaded the parents of a relationship's load.

    Of those before it that load their class it is the last one that returned rows for so many parents: a `get()` of
    one instance between the list and the loop has fewer.
    """
    mapper = group.lazy_from or (group.refresh.mapper if group.refresh else group.path[-1].parent)
    before = [
        other for other in groups[: groups.index(group)] if not other.refresh and _prefix(other, mapper) is not None
    ]
    needed = group.count if group.lazy_from or group.refresh else 0
    enough = [other for other in before if other.rows is None or other.rows >= needed]
    return next(reversed(enough or before), None)


def _whole_path(group: StatementGroup, groups: Sequence[StatementGroup]) -> execution.Path:
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


def _prefix(group: StatementGroup, mapper: Mapper[Any]) -> execution.Path | None:
    """Return the joined relationships from a statement's own entities to a class; None: it does not load the class."""
    selected = [entity for entity, _ in execution.entities(group.statement)]
    own = [group.path[-1].mapper] if group.path else selected
    if any(_related(entity, mapper) for entity in own):
        return ()
    for path, _ in execution.joined_paths(group.compiled):
        if _related(path[-1].mapper, mapper):
            return path
    return None


def _related(loaded: Mapper[Any], mapper: Mapper[Any]) -> bool:
    return mapper.isa(loaded) or loaded.isa(mapper)
