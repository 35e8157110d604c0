-- One row: a table or partition in which rows that were found lie.
SELECT DISTINCT c.oid::bigint AS oid, n.nspname::text AS schema, c.relname::text AS name
FROM pg_temp.{rows} r
JOIN pg_class c ON c.oid = r.pgwright_rel
JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1
