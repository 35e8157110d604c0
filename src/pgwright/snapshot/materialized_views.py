"""Materialized views, and what the app's runtime keeps of their refreshes: a table that is read, as Alembic's is."""

from __future__ import annotations

from collections.abc import Mapping

from pgwright.database import ReadOnlyDatabase
from pgwright.errors import QueryFailed
from pgwright.model.materialized_view import MaterializedViewState, RefreshRecord
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.snapshot.failures import remedy_of
from pgwright.snapshot.grants import Grants
from pgwright.snapshot.tables import PACKAGE

_TABLE = "pgwright_refreshes"


def read_materialized_views(
    database: ReadOnlyDatabase,
    name_by_oid: Mapping[int, QualifiedName],
    grants: Grants,
    missing: list[NotExamined],
) -> tuple[MaterializedViewState, ...]:
    """Return all materialized views of the user; records that cannot be read go to `missing`."""
    rows = database.read(PACKAGE, "materialized_views")
    records = _records(database, grants, missing) if rows else {}
    found = []
    for row in rows:
        name = QualifiedName(row["schema"], row["name"])
        sources = sorted(name_by_oid[oid] for oid in row["sources"] if oid in name_by_oid)
        found.append(MaterializedViewState(name, row["is_populated"], tuple(sources), records.get(name)))
    return tuple(found)


def _records(
    database: ReadOnlyDatabase, grants: Grants, missing: list[NotExamined]
) -> dict[QualifiedName, RefreshRecord]:
    """Return what is on record of each view.

    Only a plain table is asked: a view of that name, a policy or a type of the user could run code of whoever made it,
    with our rights.
    """
    records: dict[QualifiedName, RefreshRecord] = {}
    for place in database.read(PACKAGE, "refresh_tables"):
        schema = str(place["schema"])
        what, table = f"refreshes on record in {quote(schema)}.{_TABLE}", f"{quote(schema)}.{_TABLE}"
        if not place["is_plain"]:
            missing.append(NotExamined(what, "it is no plain table of the runtime's columns, so it was not asked"))
        elif not place["may_read"]:
            missing.append(NotExamined(what, "the role may not read the table", grants.read([schema])))
        elif not database.refuses_views:
            reason = "the server is too old to refuse views, so no table is read by its name"
            missing.append(NotExamined(what, reason, "update it to its newest minor release"))
        else:
            records |= _read(database, schema, table, what, missing)
    return records


def _read(
    database: ReadOnlyDatabase, schema: str, table: str, what: str, missing: list[NotExamined]
) -> dict[QualifiedName, RefreshRecord]:
    try:
        database.query("SELECT set_config('row_security', 'off', true) AS done")  # an error, rather than a policy
        rows = database.read(PACKAGE, "refreshes", relation=table)
    except QueryFailed as error:
        missing.append(NotExamined(what, error.reason, remedy_of(error, database)))
        return {}
    return {QualifiedName(schema, row.pop("view_name")): RefreshRecord(**row) for row in rows}
