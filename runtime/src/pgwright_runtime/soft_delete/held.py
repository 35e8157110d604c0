"""The objects that a session holds of marked tables: to it their rows are gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, inspect, tuple_
from sqlalchemy.orm import InstanceState, Mapper, Session

from pgwright_runtime import _alchemy
from pgwright_runtime.soft_delete.family import head_of
from pgwright_runtime.soft_delete.mixin import mark_of

# A statement takes 65,535 parameters, and a key may be of several columns.
MOST_KEYS = 5_000

Held = Mapping[Table, Mapper[Any]]
"""The tables whose rows a session holds objects of, with the topmost class of each."""


def marked_table(mapper: Mapper[Any]) -> Table | None:
    """Return the table with the mark of a class's rows; None: they are deleted for good."""
    table = mapper.local_table
    head = head_of(table) if isinstance(table, Table) else None
    return None if head is None or mark_of(head) is None else head


def held_tables(states: Iterable[InstanceState[Any]], tables: set[Table]) -> dict[Table, Mapper[Any]]:
    """Return which of the tables have objects among these."""
    mappers = {state.mapper for state in states}
    found = {marked_table(mapper): mapper.base_mapper for mapper in mappers}
    return {table: mapper for table, mapper in found.items() if table is not None and table in tables}


def key_columns(held: Held) -> dict[Table, tuple[ColumnElement[Any], ...]]:
    """Return the columns of each table that its objects are found by."""
    return {table: mapper.primary_key for table, mapper in held.items()}


def forget(session: Session, held: Held, rows: Mapping[Table, Iterable[Any]]) -> None:
    """Let the objects of these rows be deleted ones, as after a DELETE.

    Args:
        rows: the values of `key_columns`, per table.
    """
    states = []
    for table, found in rows.items():
        for row in found:
            instance = session.identity_map.get(held[table].identity_key_from_primary_key(tuple(row)))
            if instance is not None:
                states.append(_state(instance))
    _alchemy.forget_deleted(session, states)


def keys_of(states: Iterable[InstanceState[Any]]) -> dict[Table, list[Any]]:
    """Return conditions for the rows of these objects, per table with the mark."""
    found: dict[tuple[Table, tuple[ColumnElement[Any], ...]], list[Any]] = defaultdict(list)
    for state in states:
        table = marked_table(state.mapper)
        assert table is not None
        assert state.key is not None
        found[table, state.mapper.base_mapper.primary_key].append(state.key[1])
    conditions: dict[Table, list[Any]] = defaultdict(list)
    for (table, columns), keys in found.items():
        conditions[table].extend(among(columns, keys))
    return conditions


def among(columns: tuple[ColumnElement[Any], ...], keys: list[Any]) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that a row has one of these keys, each a tuple; as many as one statement takes."""
    for start in range(0, len(keys), MOST_KEYS):
        part = keys[start : start + MOST_KEYS]
        yield columns[0].in_([key for (key,) in part]) if len(columns) == 1 else tuple_(*columns).in_(part)


def _state(instance: object) -> InstanceState[Any]:

    found: InstanceState[Any] = inspect(instance)
    return found
