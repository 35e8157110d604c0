-- One row per lock that we wait for, and per session that waits for us. Before 14 the server does not say since when.
SELECT l.pid = CAST(:pid AS integer) AS is_us, l.pid, l.mode, l.locktype, l.relation::regclass::text AS table_name,
    EXTRACT(epoch FROM pg_catalog.clock_timestamp()
        - CAST(pg_catalog.to_jsonb(l) ->> 'waitstart' AS timestamptz))::double precision * 1000 AS waited_ms
FROM pg_catalog.pg_locks l
WHERE NOT l.granted
  AND (l.pid = CAST(:pid AS integer) OR CAST(:pid AS integer) = ANY (pg_catalog.pg_blocking_pids(l.pid)))
