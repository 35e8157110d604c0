"""Which column conversions can be made, and all of those as one: their tables are locked and rewritten together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pgwright.model.change import ColumnConversion, ConvertColumns, DetachedKey
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey
from pgwright.remedies.dependents import Place, find_index_obstacles, find_obstacles
from pgwright.remedies.draft import Draft
from pgwright.remedies.estimate import family


def unite_conversions(draft: Draft) -> None:
    """Refuse what cannot be converted, and put the rest into one change."""
    for group in _connected(draft.snapshot, draft.of(ConvertColumns)):
        whole = _united(draft.snapshot, group)
        reason = next(_obstacles(draft.snapshot, whole), None)
        if reason is not None:
            for change in group:
                draft.refuse(change, reason, "remove what stands in the way, or convert by hand together with it")
    remaining = draft.of(ConvertColumns)
    if remaining:
        whole = _united(draft.snapshot, remaining)
        for change in remaining:
            if change != whole:
                draft.hand_over(change, whole)


def _connected(snapshot: Snapshot, changes: list[ConvertColumns]) -> list[list[ConvertColumns]]:
    """Group the changes that have a column in common, or a foreign key between them: all of a group, or none."""
    groups: list[tuple[set[Place], list[ConvertColumns]]] = []
    for change in changes:
        places = set(_with_partitions(snapshot, change.columns))
        places = places.union(*(_ends(key) for key in _foreign_keys(snapshot, places)))
        members = [change]
        apart = []
        for known_places, known_members in groups:
            if known_places & places:
                places, members = places | known_places, known_members + members
            else:
                apart.append((known_places, known_members))
        groups = [*apart, (places, members)]
    return [members for _, members in groups]


def _united(snapshot: Snapshot, changes: list[ConvertColumns]) -> ConvertColumns:
    """Return one change for all columns, with every foreign key at one of them."""
    columns = {(each.table, each.column): each for change in changes for each in change.columns}
    # A partition follows its parent.
    own = {place: each for place, each in columns.items() if not _follows(snapshot, place, set(columns))}
    keys = {(key.table, key.name): key for change in changes for key in change.foreign_keys}
    for key in _foreign_keys(snapshot, set(_with_partitions(snapshot, own.values()))):
        keys[key.table, key.name] = DetachedKey(key.name, key.table, key.definition)
    linked = _with_linked_formats(snapshot, own)
    return ConvertColumns(tuple(linked[place] for place in sorted(own)), tuple(keys[place] for place in sorted(keys)))


def _with_linked_formats(snapshot: Snapshot, columns: dict[Place, ColumnConversion]) -> dict[Place, ColumnConversion]:
    """Give columns that reference one another the same spelling, for as texts they have to be equal again."""
    group = {place: {place} for place in columns}
    for key in _foreign_keys(snapshot, set(columns)):
        for column, referenced in zip(key.columns, key.referenced_columns, strict=True):
            ends = [end for end in ((key.table, column), (key.referenced_table, referenced)) if end in group]
            union = set().union(*(group[end] for end in ends))
            group.update(dict.fromkeys(union, union))
    result = {}
    for place, each in columns.items():
        formats = {columns[other].uuid_format for other in group[place]} - {None}
        common = next(iter(formats)) if len(formats) == 1 else "mixed"
        result[place] = replace(each, uuid_format=common) if each.uuid_format is not None else each
    return result


def _follows(snapshot: Snapshot, place: Place, places: set[Place]) -> bool:
    table = snapshot.table_by_name.get(place[0])
    parent = table.parent if table is not None else None
    return parent is not None and ((parent, place[1]) in places or _follows(snapshot, (parent, place[1]), places))


def _with_partitions(snapshot: Snapshot, columns: Iterable[ColumnConversion]) -> dict[Place, ColumnConversion]:
    """Return the conversion of each column, those of partitions and heirs among them."""
    places = {(each.table, each.column): each for each in columns}
    for each in list(places.values()):
        places |= {(table.name, each.column): each for table in family(snapshot, each.table)}
    return places


def _foreign_keys(snapshot: Snapshot, places: set[Place]) -> Iterator[ForeignKey]:
    for key in snapshot.foreign_keys:
        if not key.is_inherited and not places.isdisjoint(_ends(key)):
            yield key


def _ends(key: ForeignKey) -> set[Place]:
    ends = {(key.table, column) for column in key.columns}
    return ends | {(key.referenced_table, column) for column in key.referenced_columns}


def _obstacles(snapshot: Snapshot, change: ConvertColumns) -> Iterator[str]:
    """Yield the reasons why the server would refuse, or why data would no longer fit."""
    for each in change.columns:
        yield from _table_obstacles(snapshot, each)
    yield from _one_sided_keys(snapshot, change)
    places = set(_with_partitions(snapshot, change.columns))
    for index in snapshot.indexes:
        columns = {column for table, column in places if table == index.table}
        yield from find_index_obstacles(index, columns) if columns else ()
    yield from find_obstacles(snapshot, sorted(places))


def _table_obstacles(snapshot: Snapshot, each: ColumnConversion) -> Iterator[str]:
    table = snapshot.table_by_name.get(each.table)
    column = table.column_by_name.get(each.column) if table is not None else None
    if table is None or column is None:
        yield f"the snapshot has no column {each.table}.{quote(each.column)}"
    elif table.kind not in ("table", "partitioned table"):
        yield f"{each.table} is a {table.kind}"
    elif table.parent is not None and each.column in snapshot.table_by_name[table.parent].column_by_name:
        yield f"{each.table} has {quote(each.column)} from {table.parent}, which is not converted"
    elif column.is_generated:
        yield f"{snapshot.describe(each.table, (each.column,))} is a generated column"


def _one_sided_keys(snapshot: Snapshot, change: ConvertColumns) -> Iterator[str]:
    """Yield the foreign keys that would join a uuid with a text."""
    to_type = {place: each.to_type for place, each in _with_partitions(snapshot, change.columns).items()}
    for key in _foreign_keys(snapshot, set(to_type)):
        for column, referenced in zip(key.columns, key.referenced_columns, strict=True):
            here, there = to_type.get((key.table, column)), to_type.get((key.referenced_table, referenced))
            if here != there and "uuid" in (here, there):
                yield (
                    f"the foreign key {key.name!r} joins {snapshot.describe(key.table, (column,))} with "
                    f"{snapshot.describe(key.referenced_table, (referenced,))}: both or none must become uuid"
                )
