"""What the catalogs tell of rows that a role reaches past the policies."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, bindparam, text

# A row is a role that no policy holds for and that the session is, or may become by SET ROLE or RESET ROLE.
_BYPASSING = text(
    """
    SELECT current_user::text AS own, rolname::text AS name, rolsuper AS is_superuser
    FROM pg_roles
    WHERE (rolsuper OR rolbypassrls) AND (rolname = current_user OR pg_has_role(session_user, oid, 'MEMBER'))
    ORDER BY rolname = current_user DESC, rolname = session_user DESC, rolname
    LIMIT 1
    """
)

# A row is a table that the role may use and that is declared or has a tenant's column, partitions included.
_TABLES = text(
    """
    SELECT *
    FROM (
        SELECT n.nspname || '.' || c.relname AS name,
               (SELECT min(a.attname::text) FROM pg_attribute a
                WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname IN :columns) AS column_name,
               row_security_active(c.oid) AS is_active, c.relrowsecurity AS is_enabled,
               EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) AS has_policy,
               has_table_privilege(c.oid, 'TRUNCATE') AS may_truncate
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
          AND has_schema_privilege(n.oid, 'USAGE')
          AND (has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')
               OR has_table_privilege(c.oid, 'DELETE, TRUNCATE'))
    ) AS used
    WHERE column_name IS NOT NULL OR name IN :declared
    ORDER BY name
    """
).bindparams(bindparam("columns", expanding=True), bindparam("declared", expanding=True))

# A row is a view, plain or materialized, that the role may use and that reads a table with row security, be it through
# other views.
_VIEWS = text(
    """
    WITH RECURSIVE reading AS (
        SELECT r.ev_class AS view, d.refobjid AS source
        FROM pg_rewrite r
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
    ), reaching AS (
        SELECT reading.view, t.relname AS table_name
        FROM reading
        JOIN pg_class t ON t.oid = reading.source AND t.relkind IN ('r', 'p') AND t.relrowsecurity
        UNION
        SELECT reading.view, reaching.table_name
        FROM reaching
        JOIN reading ON reading.source = reaching.view
    )
    SELECT n.nspname || '.' || v.relname AS name, v.relkind::text AS kind, pg_get_userbyid(v.relowner)::text AS owner,
           table_name::text
    FROM reaching
    JOIN pg_class v ON v.oid = reaching.view AND v.relkind IN ('v', 'm')
    JOIN pg_namespace n ON n.oid = v.relnamespace
    WHERE has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(v.oid, 'SELECT, INSERT, UPDATE')
      -- The option may be written on, true, yes or 1.
      AND NOT EXISTS (SELECT FROM unnest(v.reloptions) o
                      WHERE o ~* '^security_invoker=(on|true|yes|1)$')
    ORDER BY 1, 4
    """
)

# A row is a function that the role may call and that runs as somebody whom the policies do not hold.
_FUNCTIONS = text(
    """
    SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
           o.rolname::text AS owner
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_roles o ON o.oid = p.proowner
    WHERE p.prosecdef AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
      AND n.nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
      AND (o.rolsuper OR o.rolbypassrls
           OR EXISTS (SELECT FROM pg_class t
                      WHERE t.relowner = o.oid AND t.relrowsecurity AND NOT t.relforcerowsecurity))
      AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    ORDER BY 1
    """
)


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
