-- A row is a role that may log in.
SELECT
    r.rolname AS name,
    r.rolsuper AS is_superuser,
    r.rolbypassrls AS bypasses_row_security,
    -- A superuser is a member of everything.
    CASE
        WHEN NOT r.rolsuper AND pg_has_role(r.oid, 'pg_monitor', 'MEMBER') THEN NOT EXISTS (
            SELECT FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
              AND n.nspname NOT LIKE 'pg\_%' AND has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE')
        )
        ELSE false
    END AS is_monitor
FROM pg_roles r
WHERE r.rolcanlogin
ORDER BY r.rolname
