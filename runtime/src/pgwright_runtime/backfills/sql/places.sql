-- One row for each table of that name, the one on the search path first.
SELECT n.nspname AS schema_name, pg_catalog.pg_table_is_visible(c.oid) AS is_visible
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = :name AND c.relkind = 'r'
ORDER BY is_visible DESC, n.nspname
