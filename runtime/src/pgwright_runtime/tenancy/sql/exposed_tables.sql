-- A row is a table that the role may use and that is declared or has a tenant's column, partitions included.
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
