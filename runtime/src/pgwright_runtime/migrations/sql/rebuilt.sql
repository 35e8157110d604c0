-- One row per index that an interrupted REINDEX CONCURRENTLY may have left on the table, or on the index's table.
SELECT i.indexrelid::bigint AS oid, i.indexrelid::regclass::text AS index_name
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)\d*$'
  AND i.indrelid IN (
    SELECT COALESCE(x.indrelid, r.oid)
    FROM pg_catalog.pg_class r LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = r.oid
    WHERE r.oid = pg_catalog.to_regclass(:name)
    UNION ALL
    SELECT r.reltoastrelid FROM pg_catalog.pg_class r WHERE r.oid = pg_catalog.to_regclass(:name))
