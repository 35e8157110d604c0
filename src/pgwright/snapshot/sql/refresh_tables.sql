-- One row per relation called pgwright_refreshes: whether reading it can run nobody's code.
SELECT
    n.nspname AS schema,
    c.relkind = 'r' AND c.relpersistence = 'p'
    AND NOT c.relrowsecurity
    AND (
        SELECT count(*) = 4
        FROM pg_attribute a
        WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attgenerated = ''
          AND (a.attname, a.atttypid) IN (
              ('view_name', 'text'::regtype),
              ('refreshed_at', 'timestamptz'::regtype),
              ('data_at', 'timestamptz'::regtype),
              ('max_age', 'interval'::regtype)
          )
    ) AS is_plain,
    has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS may_read
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'pgwright_refreshes'
  AND c.relkind NOT IN ('c', 'i', 'I', 'S') -- as types and indexes may be called
  AND NOT pg_is_other_temp_schema(n.oid) AND n.oid <> pg_my_temp_schema()
ORDER BY n.nspname
