"""The trigger by which a table tells that others wrote to it, as SQL."""

from __future__ import annotations

from pgwright_runtime._sql import quote, quoted

CHANNEL = "pgwright_cache"
FUNCTION = "pgwright_cache_tell"
TRIGGER = "pgwright_cache"
_EVENTS = "INSERT OR UPDATE OR DELETE OR TRUNCATE"


def create_statements(table: str, schema: str | None) -> list[str]:
    """Return what makes the trigger; the function is made in the table's schema, once for all tables there."""
    function, on = quoted(FUNCTION, schema), quoted(table, schema)
    body = f"$$BEGIN PERFORM pg_catalog.pg_notify('{CHANNEL}', TG_TABLE_NAME); RETURN NULL; END$$"
    trigger = f"CREATE TRIGGER {quote(TRIGGER)} AFTER {_EVENTS} ON {on} FOR EACH STATEMENT EXECUTE FUNCTION"
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS {body}",
        f"{trigger} {function}()",
    ]


def drop_statements(table: str, schema: str | None) -> list[str]:
    """Return what drops the trigger; the function stays, for other tables may have theirs."""
    return [f"DROP TRIGGER {quote(TRIGGER)} ON {quoted(table, schema)}"]
