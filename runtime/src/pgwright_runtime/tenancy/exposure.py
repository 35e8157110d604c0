"""What the catalogs tell of rows that a role reaches past the policies."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, bindparam, text

from pgwright_runtime._sql import read_sql

_BYPASSING = text(read_sql("pgwright_runtime.tenancy", "bypassing_role"))
_TABLES = text(read_sql("pgwright_runtime.tenancy", "exposed_tables")).bindparams(
    bindparam("columns", expanding=True), bindparam("declared", expanding=True)
)
_VIEWS = text(read_sql("pgwright_runtime.tenancy", "exposing_views"))
_FUNCTIONS = text(read_sql("pgwright_runtime.tenancy", "exposing_functions"))


def bypassing_role(connection: Connection) -> tuple[str | None, bool]:
    """Return why no policy holds for the session, or why it can make it so, and whether it is so already."""
    found = connection.execute(_BYPASSING).one_or_none()
    if found is None:
        return None, False
    what = "a superuser" if found.is_superuser else "BYPASSRLS"
    if found.name == found.own:
        return f"role {found.own}: {what}, so no policy holds for it", True
    return f"role {found.own}: may become {found.name} by SET ROLE or RESET ROLE: {what}", False


def exposed_tables(connection: Connection, declared: Collection[str], columns: Collection[str]) -> Iterator[str]:
    """Yield the problems of each table that is declared, or has a tenant's column, and that the role may use."""
    for row in connection.execute(_TABLES, {"declared": list(declared), "columns": list(columns)}):
        if not row.has_policy:
            column = f"has the column {row.column_name}" if row.column_name else "is declared"
            yield f"{row.name}: {column} and no policy"
        elif not row.is_enabled:
            yield f"{row.name}: has a policy, and row security is not enabled"
        elif not row.is_active:
            yield f"{row.name}: its owner is not held by the policy; FORCE ROW LEVEL SECURITY"
        if row.may_truncate:
            yield f"{row.name}: no policy holds for TRUNCATE; REVOKE it, and let another role own the table"


def exposing_views(connection: Connection) -> Iterator[str]:
    """Yield a problem for each view that reads a tenants' table with the rights of its owner."""
    for row in connection.execute(_VIEWS):
        if row.kind == "m":
            yield f"{row.name}: a materialized view keeps the rows of all tenants of {row.table_name}"
        else:
            yield f"{row.name}: reads {row.table_name} with the rights of {row.owner}; security_invoker is not set"


def exposing_functions(connection: Connection) -> Iterator[str]:
    """Yield a problem for each SECURITY DEFINER function whose owner the policies do not hold."""
    for row in connection.execute(_FUNCTIONS):
        yield f"{row.name}: SECURITY DEFINER, and no policy holds for its owner {row.owner}"
