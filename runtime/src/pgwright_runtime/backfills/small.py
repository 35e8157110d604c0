"""Do a backfill whose table is small where a revision requires it: new installations have nothing to wait for."""

from __future__ import annotations

from sqlalchemy import Connection, text

from pgwright_runtime.backfills.asking import is_backfilled
from pgwright_runtime.backfills.journal import read_stored
from pgwright_runtime.backfills.state_table import find_state_table, require_trust
from pgwright_runtime.backfills.statements import small_statement

_GET_PATH = text("SELECT current_setting('search_path')")
_SET_PATH = text("SELECT set_config('search_path', :path, true)")


def is_done_now(connection: Connection, name: str, schema: str | None) -> bool:
    """Do a backfill in this transaction if its table is small, and tell whether it is done.

    Raises: UntrustedBackfills.
    """
    table = find_state_table(connection, schema)
    if table is None:
        return False
    require_trust(connection, table)
    for stored in read_stored(connection, table, (name,)):
        before = connection.execute(_GET_PATH).scalar_one()
        connection.execute(_SET_PATH, {"path": stored.search_path})
        statement = small_statement(stored.backfill, table.schema)
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        connection.execute(_SET_PATH, {"path": before})
    return is_backfilled(connection, name, schema=schema)
