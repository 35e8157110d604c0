-- One row per table of those named that has rows, and a column or an index expression of which nothing is known though
-- it has more to say than NULL: a default, a computed value, or rows that were written.
SELECT c.oid::regclass::text AS table_name
FROM pg_catalog.json_to_recordset(CAST(:tables AS pg_catalog.json)) AS t (name text, is_written boolean)
JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(t.name) AND c.relkind IN ('r', 'm', 'p')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't'
  AND (t.is_written OR (c.reltuples > 0 OR c.relkind = 'p') AND (
    EXISTS (
        SELECT FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND (a.atthasmissing OR a.atthasdef OR a.attgenerated <> '')
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_stats s
            WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname))
    OR EXISTS (
        SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indexprs IS NOT NULL AND i.indisvalid
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_stats s
            WHERE s.schemaname = n.nspname AND s.tablename = x.relname))))
