-- One row per session that keeps us waiting.
SELECT b.pid, a.application_name, a.usename, a.state, a.backend_type,
    EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::double precision AS age_s,
    pg_catalog.left(a.query, 300) AS query
FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(CAST(:pid AS integer))) AS b (pid)
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
