"""What the catalogs tell of rows that a role reads past the policies."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, bindparam, text

# A row is a table with a tenant's column that the role may use, partitions included.
_TABLES = text(
    """
    SELECT n.nspname || '.' || c.relname AS name, a.attname AS column_name,
           row_security_active(c.oid) AS is_active, c.relrowsecurity AS is_enabled, c.relforcerowsecurity AS is_forced,
           EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) AS has_policy
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN :columns
    WHERE c.relkind IN ('r', 'p') AND n.nspname IN :schemas
      AND has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')
    ORDER BY 1
    """
).bindparams(bindparam("columns", expanding=True), bindparam("schemas", expanding=True))

# A row is a view, plain or materialized, that reads a table with row security and that the role may read.
_VIEWS = text(
    """
    SELECT DISTINCT vn.nspname || '.' || v.relname AS name, v.relkind::text AS kind,
           pg_get_userbyid(v.relowner)::text AS owner, t.relname::text AS table_name
    FROM pg_class v
    JOIN pg_namespace vn ON vn.oid = v.relnamespace
    JOIN pg_rewrite r ON r.ev_class = v.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class t ON t.oid = d.refobjid AND t.relkind IN ('r', 'p') AND t.relrowsecurity
    JOIN pg_namespace tn ON tn.oid = t.relnamespace AND tn.nspname IN :schemas
    WHERE v.relkind IN ('v', 'm')
      AND has_any_column_privilege(v.oid, 'SELECT')
      -- The option may be written on, true, yes or 1.
      AND NOT EXISTS (SELECT FROM unnest(v.reloptions) o
                      WHERE o ~* '^security_invoker=(on|true|yes|1)$')
    ORDER BY 1, 4
    """
).bindparams(bindparam("schemas", expanding=True))

_ROLE = text("SELECT current_user::text, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")


def bypassing_role(connection: Connection) -> str | None:
    """Return why no policy holds for the current role; None: they do."""
    name, is_superuser, bypasses = connection.execute(_ROLE).one()
    if is_superuser or bypasses:
        return f"role {name}: {'a superuser' if is_superuser else 'BYPASSRLS'}, so no policy holds for it"
    return None


def exposed_tables(connection: Connection, schemas: Collection[str], columns: Collection[str]) -> Iterator[str]:
    """Yield a problem for each table with a tenant's column whose rows the current role is not kept from."""
    for row in connection.execute(_TABLES, {"schemas": list(schemas), "columns": list(columns)}):
        if not row.has_policy:
            yield f"{row.name}: has the column {row.column_name} and no policy"
        elif not row.is_enabled:
            yield f"{row.name}: has a policy, and row security is not enabled"
        elif not row.is_active:
            yield f"{row.name}: its owner is not held by the policy; FORCE ROW LEVEL SECURITY"


def exposing_views(connection: Connection, schemas: Collection[str]) -> Iterator[str]:
    """Yield a problem for each view that reads a tenants' table with the rights of its owner."""
    for row in connection.execute(_VIEWS, {"schemas": list(schemas)}):
        if row.kind == "m":
            yield f"{row.name}: a materialized view keeps the rows of all tenants of {row.table_name}"
        else:
            yield f"{row.name}: reads {row.table_name} with the rights of {row.owner}; security_invoker is not set"
