"""Materialized views in autogenerate: compares what is declared with what the database has.

What goes, goes before all else in the upgrade, and what comes, comes last, after the tables that it reads. A view that
reads one which changes is made anew as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, ops
from sqlalchemy import Connection, MetaData, Row, bindparam, exc, inspect, select, text

from pgwright_runtime._autogenerate import LAST
from pgwright_runtime._sql import read_sql
from pgwright_runtime.materialized.catalog import sources_first
from pgwright_runtime.materialized.operations import (
    CreateMaterializedViewOp,
    DropMaterializedViewOp,
    ReplaceMaterializedViewOp,
    ViewOp,
    ViewOps,
)
from pgwright_runtime.materialized.refreshes import NAME, refreshes_table
from pgwright_runtime.materialized.statements import ViewDefinition, index_name
from pgwright_runtime.materialized.view import MaterializedView, declared_views

_VIEWS = text(read_sql("pgwright_runtime.materialized", "found_views")).bindparams(bindparam("schemas", expanding=True))
_SEPARATOR = "\x1f"
_PROBE = "pgwright_declared"
_WRITTEN = text("SELECT pg_get_viewdef(CAST(:probe AS regclass))")


@dataclass(frozen=True)
class _Found:
    """A view that the database has."""

    oid: int
    view: ViewDefinition
    keys: dict[str, tuple[str, ...]]
    """The columns of its unique indexes, by the index's name."""
    sources: frozenset[int]


Key = tuple[str, str]
"""Schema and name."""


@comparators.dispatch_for("schema", **LAST)
def _compare(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]) -> None:
    connection = context.connection
    if connection is None or connection.dialect.name != "postgresql" or not schemas:
        return
    default = connection.dialect.default_schema_name or "public"
    found = _read(connection, {schema or default for schema in schemas}, default)
    every = {(view.schema or default, view.name): view for view in _declared(context)}
    declared = {
        key: view
        for key, view in every.items()
        if (None if view.schema == default else view.schema) in schemas and _is_included(context, view)
    }
    known = _recorded(connection, {view.view.schema for view in found.values()})
    goes = {key for key in found if key not in every and key in known}
    changed = {key for key, view in declared.items() if key in found and not _is_same(connection, view, found[key])}
    # What reads a changed view is made anew, too: it would go on reading the one that was replaced.
    changed |= _readers(found, goes | changed) & declared.keys()
    dropped = [key for key in _order(found)[::-1] if key in goes]
    early = [key for key in dropped if not _readers(found, {key}) & changed]
    upgrade.ops[:0] = [DropMaterializedViewOp(found[key].view) for key in early]
    last = [*_changes(declared, found, changed)]
    last += [DropMaterializedViewOp(found[key].view) for key in dropped if key not in early]
    upgrade.ops.extend([ViewOps(last)] if last else [])
    for key, view in declared.items():
        if key in found and key not in changed:
            upgrade.ops.extend(_missing_key(view, found[key]))


def _changes(declared: dict[Key, MaterializedView], found: dict[Key, _Found], changed: set[Key]) -> Iterator[ViewOp]:
    """Yield what makes the views, each after what it reads: as the database has it, else as they are declared."""
    key_by_oid = {view.oid: key for key, view in found.items()}
    sources = {
        key: [key_by_oid[oid] for oid in found[key].sources if oid in key_by_oid] if key in found else []
        for key in declared
    }
    for key in sources_first(sources):
        view = declared[key]
        own = ViewDefinition(view.name, view.definition, view.unique, view.schema)
        if key not in found:
            yield CreateMaterializedViewOp(own)
        elif key in changed:
            yield ReplaceMaterializedViewOp(own, found[key].view)


def _declared(context: AutogenContext) -> Iterator[MaterializedView]:
    given = context.metadata
    for metadata in [given] if isinstance(given, MetaData) else given or ():
        yield from declared_views(metadata)


def _is_included(context: AutogenContext, view: MaterializedView) -> bool:
    names = {"schema_name": view.schema}
    return context.run_name_filters(view.name, "table", names) and context.run_object_filters(  # type: ignore[arg-type]
        view.table, view.name, "table", False, None
    )


def _read(connection: Connection, schemas: set[str], default: str) -> dict[Key, _Found]:
    rows = connection.execute(_VIEWS, {"schemas": list(schemas)})
    return {(row.schema, row.name): _found(row, None if row.schema == default else row.schema) for row in rows}


def _found(row: Row[Any], schema: str | None) -> _Found:
    names_and_keys = (index.split(_SEPARATOR) for index in row.unique_indexes)
    keys = {name: tuple(columns) for name, *columns in names_and_keys}
    unique = next(iter(keys.values()), ())
    view = ViewDefinition(row.name, row.definition.strip().rstrip(";"), unique, schema)
    return _Found(row.oid, view, keys, frozenset(row.sources))


def _recorded(connection: Connection, schemas: set[str | None]) -> set[Key]:
    """Return the views on record: those that nobody declares any more are dropped, and no others."""
    default = connection.dialect.default_schema_name or "public"
    recorded: set[Key] = set()
    for schema in schemas:
        if inspect(connection).has_table(NAME, schema=schema):
            names = connection.scalars(select(refreshes_table(MetaData(), schema).c.view_name))
            recorded |= {(schema or default, name) for name in names}
    return recorded


def _is_same(connection: Connection, view: MaterializedView, found: _Found) -> bool:
    """Tell whether the declared query is the stored one, as the server writes both; neither runs.

    The stored one is also compared as it is when it is read once more: what the server writes may mean the same in
    other words, and may have been copied into the declaration.
    """
    declared = _written(connection, view.definition)
    return declared is not None and declared in (found.view.definition, _written(connection, found.view.definition))


def _written(connection: Connection, query: str) -> str | None:
    """Return a query as the server writes it; None: it names what the database does not have yet."""
    savepoint = connection.begin_nested()
    try:
        connection.exec_driver_sql(
            f"CREATE TEMPORARY VIEW {_PROBE} AS {query}", execution_options={"no_parameters": True}
        )
        written = connection.scalar(_WRITTEN, {"probe": f"pg_temp.{_PROBE}"})
    except exc.DBAPIError:
        return None
    finally:
        savepoint.rollback()
    return str(written).strip().rstrip(";")


def _readers(found: dict[Key, _Found], changed: set[Key]) -> set[Key]:
    """Return the views that read changed ones, at any depth."""
    oids = {found[key].oid for key in changed}
    reading: set[Key] = set()
    for key in _order(found):
        if not oids.isdisjoint(found[key].sources):
            reading.add(key)
            oids.add(found[key].oid)
    return reading


def _order(found: dict[Key, _Found]) -> list[Key]:
    key_by_oid = {view.oid: key for key, view in found.items()}
    return [key_by_oid[oid] for oid in sources_first({view.oid: view.sources for view in found.values()})]


def _missing_key(view: MaterializedView, found: _Found) -> Iterator[MigrateOperation]:
    """Yield what gives a view the declared unique index, if it has none on these columns."""
    if set(view.unique) in map(set, found.keys.values()):
        return
    name = index_name(view.name)
    if name in found.keys:
        columns = list(found.keys[name])
        reverse = ops.CreateIndexOp(name, view.name, columns, schema=view.schema, unique=True)
        yield ops.DropIndexOp(name, view.name, schema=view.schema, _reverse=reverse, unique=True)
    yield ops.CreateIndexOp(name, view.name, list(view.unique), schema=view.schema, unique=True)
