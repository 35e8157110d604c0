-- How many sessions wait for a lock that this one holds.
SELECT pg_catalog.count(*)
FROM pg_catalog.pg_locks l
WHERE NOT l.granted AND pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(l.pid))
