-- A row is what was gathered of expressions or of several columns together, and is shown to the table's owner only.
SELECT 'expressions of the index' AS kind, n.nspname AS schema, x.relname AS name, pg_get_userbyid(c.relowner) AS owner,
    (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = c.relowner) AS is_of_superuser
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indexprs IS NOT NULL AND NOT pg_has_role(c.relowner, 'USAGE')
  -- From PostgreSQL 14 on a role that may read all tables may read indexes too.
  AND NOT has_any_column_privilege(x.oid, 'SELECT')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
UNION ALL
SELECT 'extended statistics', n.nspname, e.stxname, pg_get_userbyid(c.relowner),
    (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = c.relowner)
FROM pg_statistic_ext e
JOIN pg_namespace n ON n.oid = e.stxnamespace
JOIN pg_class c ON c.oid = e.stxrelid
WHERE NOT pg_has_role(c.relowner, 'USAGE')
  AND NOT EXISTS (
      SELECT FROM pg_stats_ext s WHERE s.statistics_schemaname = n.nspname AND s.statistics_name = e.stxname
  )
ORDER BY 1, 2, 3
