"""What the models declare of a table beside its columns, keys and indexes: triggers, a view, and policies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table

from pgwright_runtime._alchemy import TableArguments
from pgwright_runtime.soft_delete.family import head_of
from pgwright_runtime.soft_delete.graph import STAYS, DeletionGraph, DeletionLink, graph_of_tables
from pgwright_runtime.soft_delete.indexes import COLUMN
from pgwright_runtime.soft_delete.mixin import TABLE_INFO, mark_of, tables_above
from pgwright_runtime.soft_delete.triggers import LivingReference, TableTriggers

_VIEW, _ROLES, _REFERENCES = (f"{TABLE_INFO}_{name}" for name in ("view", "roles", "references"))


def living_view(name: str) -> dict[str, Any]:
    """Return what gives a table a view of the rows that live, in its schema; anywhere in `__table_args__`.

    For text(), reports and other programs. The Alembic operation `create_living_view` makes it.
    """
    return _Info(info={_VIEW: name})


def living_rows_only(*roles: str) -> dict[str, Any]:
    """Return what shows some roles of the database only the rows that live; anywhere in `__table_args__`.

    The Alembic operation `create_living_policy` makes it: row-level security, which a table's owner is not subject to.
    """
    return _Info(info={_ROLES: roles})


def unchecked_references() -> dict[str, Any]:
    """Return what lets the rows of a table refer to deleted ones; anywhere in `__table_args__`."""
    return _Info(info={_REFERENCES: False})


class _Info(TableArguments):
    def attach(self, table: Table) -> None:
        table.info = {**table.info, **self["info"]}


def declared_view(table: Table) -> tuple[str, tuple[str, ...]] | None:
    """Return the name and the columns of a table's view of the living; None: it has none."""
    name = table.info.get(_VIEW)
    return None if name is None else (name, tuple(column.name for column in table.columns if column.name != COLUMN))


def declared_roles(table: Table) -> tuple[str, ...]:
    """Return the roles that see only the rows that live."""
    return tuple(table.info.get(_ROLES, ()))


def declared_triggers(tables: Iterable[Table]) -> dict[Table, TableTriggers]:
    """Return the triggers of all tables that refer to rows which can be marked, or have rows that others refer to."""
    known = list(tables)
    graph = graph_of_tables(known)
    found = {table: _triggers(table, graph) for table in known if table.info.get(_REFERENCES, True)}
    return {table: triggers for table, triggers in found.items() if triggers.references or triggers.key}


def _triggers(table: Table, graph: DeletionGraph) -> TableTriggers:
    references = tuple(_reference(link) for link in graph.links if link.reference.child is table)
    referring = [link for link in graph.links if link.parent is table]
    key = table.primary_key or [column for link in referring[:1] for _, column in link.reference.pairs]
    return TableTriggers(
        references, mark_of(table) is not None, tuple(column.name for column in key) if referring else ()
    )


def _reference(link: DeletionLink) -> LivingReference:
    parent = link.reference.parent
    names = [column.key for _, column in link.reference.pairs]
    # What refers to a class below another by joined inheritance: the mark is in the table of that above.
    for above in tables_above(parent):
        upper = dict(above.keys)
        names, parent = [upper[name] for name in names], above.table
    assert parent is head_of(link.reference.parent)
    schema = parent.schema if parent.schema != link.reference.child.schema else None
    columns = tuple(own.name for own, _ in link.reference.pairs)
    return LivingReference(
        columns, parent.name, tuple(parent.c[name].name for name in names), schema, link.rule != STAYS
    )
