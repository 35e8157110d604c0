-- One row per session that holds a lock on a relation in a mode that conflicts. A role without rights sees no ages.
SELECT l.relation::regclass::text AS table_name, l.mode, l.pid, l.virtualtransaction AS transaction,
    a.application_name, a.usename, a.state, a.backend_type,
    EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::double precision AS age_s,
    pg_catalog.left(a.query, 300) AS query
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.locktype = 'relation'
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
  AND l.relation IN (
    SELECT t.relid FROM (SELECT CAST(CAST(:relation AS text) AS pg_catalog.regclass)::oid AS relid) AS t
    UNION ALL
    -- What is done to a partitioned table, or to a parent, is done to those below it.
    SELECT p.relid FROM pg_catalog.pg_partition_tree(CAST(CAST(:relation AS text) AS pg_catalog.regclass)) AS p)
  AND l.mode IN (SELECT m.mode FROM pg_catalog.json_array_elements_text(CAST(:modes AS pg_catalog.json)) AS m (mode))
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND l.pid IS DISTINCT FROM CAST(:ours AS integer)
ORDER BY age_s DESC NULLS LAST, l.pid
