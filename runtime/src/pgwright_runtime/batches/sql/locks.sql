-- One row for each session that waits for a lock on one of the tables.
SELECT DISTINCT ON (l.relation, l.pid) l.pid, l.mode, l.relation::regclass::text AS table_name
FROM pg_catalog.pg_locks l
WHERE NOT l.granted
  AND l.locktype = 'relation'
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
  AND l.relation = ANY (
    SELECT pg_catalog.to_regclass(t.name)::oid
    FROM pg_catalog.json_array_elements_text(CAST(:tables AS pg_catalog.json)) AS t (name))
