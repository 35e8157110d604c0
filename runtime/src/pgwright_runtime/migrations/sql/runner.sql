-- One row per session that holds one of our advisory locks.
SELECT l.pid, a.application_name, a.usename, a.client_addr::text AS client, a.state, a.backend_type,
    EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::double precision AS age_s,
    pg_catalog.left(a.query, 300) AS query
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
  AND (l.classid::bigint << 32) | l.objid::bigint = CAST(:key AS bigint)
  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
