"""What a query answers, as a value that can be compared: rows, and all objects that came with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, inspect
from sqlalchemy.orm import Session

from runtime.tests.support.soft_delete_models import World


def answer(rows: Iterable[Any], *, is_ordered: bool = False) -> Any:
    """Return rows and the graph of their objects, with the relationships that are loaded.

    Rows are in the order of their texts unless their own is to be compared.
    """
    graph: dict[str, Any] = {}
    found = [tuple(_named(value, graph) for value in _values(row)) for row in rows]
    return (found if is_ordered else sorted(found, key=repr)), dict(sorted(graph.items()))


def dump(connection: Connection, world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables."""
    return {
        table.name: sorted(
            (
                tuple(row)
                for row in connection.exec_driver_sql(f"SELECT {', '.join(c.name for c in table.c)} FROM {table.name}")
            ),
            key=repr,
        )
        for table in world.tables
    }


def held(session: Session) -> Any:
    """Return all objects of a session."""
    return answer(list(session.identity_map.values()))


def _values(row: Any) -> Iterable[Any]:
    return row if isinstance(row, Row) else (row,)


def _named(value: Any, graph: dict[str, Any]) -> Any:
    state = inspect(value, raiseerr=False)
    if state is None or not hasattr(state, "identity"):
        return value
    name = f"{type(value).__name__} {state.identity}"
    if name in graph:
        return name
    loaded: dict[str, Any] = {}
    graph[name] = loaded
    for key in sorted(state.dict.keys() & state.mapper.attrs.keys()):
        attribute = state.dict[key]
        if isinstance(attribute, list):
            # In the order that they came only if the relationship has one.
            is_ordered = bool(getattr(state.mapper.attrs[key], "order_by", False))
            names = [_named(item, graph) for item in attribute]
            loaded[key] = names if is_ordered else sorted(names)
        else:
            loaded[key] = _named(attribute, graph)
    return name
