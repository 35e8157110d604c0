"""The table of backfills: where it is, what it holds, and who may write it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    DateTime,
    Float,
    TableClause,
    Text,
    column,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import quoted_name
from sqlalchemy.types import TypeEngine

from pgwright_runtime._sql import quoted, read_sql
from pgwright_runtime.backfills.errors import UntrustedBackfills
from pgwright_runtime.backfills.statements import PACKAGE, TABLE

_PLACES = text(read_sql(PACKAGE, "places"))
_WRITERS = text(f"WITH state_table AS (SELECT to_regclass(:name)::oid AS oid)\n{read_sql(PACKAGE, 'writers')}")
_MOMENT = DateTime(timezone=True)
_COLUMNS: dict[str, TypeEngine[Any]] = {
    **dict.fromkeys(("name", "state", "table_schema", "table_name", "condition", "reads", "search_path"), Text()),
    **dict.fromkeys(("sets", "key", "position", "failed"), JSONB()),
    **dict.fromkeys(("walked", "total", "changed", "stepped_over"), BigInteger()),
    **dict.fromkeys(("declared_at", "started_at", "updated_at", "done_at"), _MOMENT),
    "rate": Float(),
}


def find_state_table(connection: Connection, schema: str | None) -> TableClause | None:
    """Return the table of backfills; None: there is none, or several and none on the search path.

    Args:
        schema: where it is; None: on the search path, or else where the only one is.
    """
    places = connection.execute(_PLACES, {"name": TABLE}).all()
    if schema is not None:
        places = [place for place in places if place.schema_name == schema]
    if places and (places[0].is_visible or len(places) == 1):
        columns = [column(name, kind) for name, kind in _COLUMNS.items()]
        return table(TABLE, *columns, schema=quoted_name(places[0].schema_name, True))
    return None


def require_trust(connection: Connection, found: TableClause) -> None:
    """Raise where others may have written what is about to be run with the rights of this role.

    Trusted are this role, superusers, and the owner of the database.

    Raises: UntrustedBackfills.
    """
    name = quoted(TABLE, found.schema)
    roles = connection.execute(_WRITERS, {"name": name}).scalars().all()
    if roles:
        raise UntrustedBackfills(name, roles)
