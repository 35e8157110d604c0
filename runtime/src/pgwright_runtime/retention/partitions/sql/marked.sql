-- A row is a table that a run marked, detached, and did not come to drop.
SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind
FROM pg_description d
JOIN pg_class c ON c.oid = d.objoid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE d.classoid = 'pg_class'::regclass
  AND d.objsubid = 0
  AND d.description = CAST(:mark AS text)
  AND NOT c.relispartition
  AND c.relkind IN ('r', 'p', 'f')
ORDER BY c.relname
