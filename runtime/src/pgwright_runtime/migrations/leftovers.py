"""What an interrupted statement leaves that ran outside of a transaction: finished or taken away before it runs again.

Only what the statement itself is about is touched: an index of the name that it is to build, on its table; what a
REINDEX left that was not there before it; the partition that it detaches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, text

from pgwright_runtime._sql import read_sql
from pgwright_runtime.migrations.errors import NotResumable
from pgwright_runtime.migrations.looking import SqlLook

_PACKAGE = "pgwright_runtime.migrations"
_INDEX = text(read_sql(_PACKAGE, "index"))
_REBUILT = text(read_sql(_PACKAGE, "rebuilt"))
_PARTITION = text(read_sql(_PACKAGE, "partition"))
_THERE = text("SELECT pg_catalog.to_regclass(:name) IS NOT NULL")
Execute = Callable[[str], None]
"""Runs a statement outside of a transaction."""


def noted_before(connection: Connection, look: SqlLook) -> Mapping[str, Any]:
    """Return what tells later what the statement left from what was there before."""
    if look.kind != "reindex" or not look.name:
        return {}
    return {"before": [row.oid for row in connection.execute(_REBUILT, {"name": look.name})]}


def clear(connection: Connection, look: SqlLook, execute: Execute) -> None:
    """Drop the invalid index that keeps a build from its name: IF NOT EXISTS would keep it, useless as it is."""
    if look.kind == "build" and (found := _found_index(connection, look)) is not None and not found.is_valid:
        execute(f"DROP INDEX CONCURRENTLY IF EXISTS {found.index_name}")


def settle(connection: Connection, look: SqlLook, note: Mapping[str, Any], statement: str, execute: Execute) -> bool:
    """Bring what was interrupted to its end or back to its beginning; return whether it is done.

    Raises: NotResumable: nobody can tell whether it ran.
    """
    match look.kind:
        case "build" if look.name:
            clear(connection, look, execute)
            return _found_index(connection, look) is not None
        case "drop index":
            return not connection.execute(_THERE, {"name": look.name}).scalar()
        case "reindex":
            _drop_rebuilt(connection, look, note, execute)
            return False
        case "detach":
            return _is_detached(connection, look, execute)
        case "again":
            return False
        case _:
            raise NotResumable(
                f"the run was interrupted while this ran outside of a transaction: {statement}\nNobody can tell "
                "whether it ended. Look, then set its row of pgwright_migration to state = 'done' if it did, or delete "
                "the row, and run this again"
            )


def _found_index(connection: Connection, look: SqlLook) -> Any:
    return connection.execute(_INDEX, {"table": look.table, "name": _plain(look.name)}).first()


def _drop_rebuilt(connection: Connection, look: SqlLook, note: Mapping[str, Any], execute: Execute) -> None:
    before = set(note.get("before", ()))
    if not look.name:
        return
    for row in connection.execute(_REBUILT, {"name": look.name}).all():
        if row.oid not in before:
            execute(f"DROP INDEX CONCURRENTLY IF EXISTS {row.index_name}")


def _is_detached(connection: Connection, look: SqlLook, execute: Execute) -> bool:
    found = connection.execute(_PARTITION, {"partition": look.name, "table": look.table}).first()
    if found is None:
        return True
    if found.is_pending:
        execute(f"ALTER TABLE {look.table} DETACH PARTITION {look.name} FINALIZE")
    return bool(found.is_pending)


def _plain(name: str) -> str:
    """Return the last part of a name as the catalog has it.

    >>> _plain('public."Ix a"'), _plain("IX_A")
    ('Ix a', 'ix_a')
    """
    last = re.split(r'\.(?=(?:[^"]*"[^"]*")*[^"]*$)', name)[-1].strip()
    return last[1:-1].replace('""', '"') if last.startswith('"') else last.lower()
