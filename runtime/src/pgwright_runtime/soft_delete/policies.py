"""The SQL of what closes the way around the app's own statements: a view of the living, and a policy for some roles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from pgwright_runtime._sql import quote, quoted
from pgwright_runtime.soft_delete.indexes import COLUMN
from pgwright_runtime.soft_delete.names import short_name

ALL_ROWS = "all_rows"
"""The policy that lets through what the policies of the living leave, where no other policy does."""
VIEW_COMMENT = "pgwright: the living rows of "
_MARK = quote(COLUMN)
# Views with the rights of who reads them; before, they read with those of their owner.
_INVOKER_SINCE = 150_000


def policy_name(role: str) -> str:
    """Return the name of the policy that shows a role only the rows that live."""
    return short_name("living_rows", role)


def policy_statements(table: str, role: str, all_rows: bool) -> Iterator[str]:
    """Yield the SQL that puts the policy on a table; `table` is quoted already.

    Args:
        all_rows: whether all roles see all rows otherwise; else other policies have to let them through.
    """
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    if all_rows:
        is_there = f"EXISTS (SELECT FROM pg_policy WHERE polrelid = {text(table)}::regclass AND polname = '{ALL_ROWS}')"
        yield _do(f"IF NOT {is_there} THEN CREATE POLICY {ALL_ROWS} ON {table} USING (true) WITH CHECK (true); END IF;")
    yield f"CREATE POLICY {quote(policy_name(role))} ON {table} AS RESTRICTIVE TO {quote(role)} USING ({_MARK} IS NULL)"


def drop_policy_statements(table: str, role: str, all_rows: bool) -> Iterator[str]:
    """Yield the SQL that takes the policy away; `all_rows` goes with the last one, row security with the last."""
    own = f"FROM pg_policy WHERE polrelid = {text(table)}::regclass"
    others = f"EXISTS (SELECT {own} AND starts_with(polname, 'living_rows_'))"
    end = f"IF NOT EXISTS (SELECT {own}) THEN ALTER TABLE {table} DISABLE ROW LEVEL SECURITY; END IF;"
    let = f"DROP POLICY IF EXISTS {ALL_ROWS} ON {table}; " if all_rows else ""
    yield f"DROP POLICY {quote(policy_name(role))} ON {table}"
    yield _do(f"IF NOT {others} THEN {let}{end} END IF;")


def view_statements(name: str, table: str, schema: str | None, columns: Sequence[str]) -> Iterator[str]:
    """Yield the SQL that makes a view of the rows that live."""
    view, listed = quoted(name, schema), ", ".join(quote(column) for column in columns)
    living = f"SELECT {listed} FROM {quoted(table, schema)} WHERE {_MARK} IS NULL"  # noqa: S608
    yield f"CREATE VIEW {view} AS {living}"
    by_invoker = f"ALTER VIEW {view} SET (security_invoker = true);"
    yield _do(f"IF current_setting('server_version_num')::int >= {_INVOKER_SINCE} THEN {by_invoker} END IF;")
    yield f"COMMENT ON VIEW {view} IS {text(VIEW_COMMENT + json.dumps(table))}"


def text(value: str) -> str:
    """Return a value as SQL text, whatever `standard_conforming_strings` says."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def _do(body: str) -> str:
    tag = "$pgwright$"
    while tag in body:
        tag = f"{tag[:-1]}_$"
    return f"DO {tag} BEGIN {body} END {tag}"
