-- One row per relation called alembic_version: whether reading it can run nobody's code. That of public comes first.
SELECT
    n.nspname AS schema,
    c.relkind = 'r' AND c.relpersistence = 'p'
    AND NOT c.relrowsecurity
    AND EXISTS (
        SELECT FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped AND a.attgenerated = ''
          AND a.atttypid IN ('varchar'::regtype, 'text'::regtype)
    ) AS is_plain,
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS may_read
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'alembic_version'
  AND c.relkind NOT IN ('c', 'i', 'I', 'S') -- as types and indexes may be called
  AND NOT pg_is_other_temp_schema(n.oid) AND n.oid <> pg_my_temp_schema()
ORDER BY n.nspname <> 'public', n.nspname
