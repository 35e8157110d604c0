-- A row is a table that the role may read, with its columns in order and the columns of its primary key.
SELECT
    n.nspname::text AS schema,
    c.relname::text AS name,
    array_agg(a.attname::text ORDER BY a.attnum) AS columns,
    (
        SELECT array_agg(k.attname::text ORDER BY k.attnum)
        FROM pg_index i
        JOIN pg_attribute k ON k.attrelid = i.indrelid AND k.attnum = ANY (i.indkey)
        WHERE i.indrelid = c.oid AND i.indisprimary
    ) AS primary_key
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\_%%'
  AND has_schema_privilege(n.oid, 'USAGE')
  AND has_table_privilege(c.oid, 'SELECT')
GROUP BY n.nspname, c.relname, c.oid
-- A name that stands in several schemas means the one in public.
ORDER BY n.nspname <> 'public', n.nspname, c.relname
