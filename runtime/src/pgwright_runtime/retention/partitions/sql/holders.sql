-- A row is another session that holds a lock on one of the tables, the one in the oldest transaction first.
SELECT DISTINCT
    l.pid,
    s.xact_start,
    format('pid %s (%s for %s)', l.pid, s.state, date_trunc('second', clock_timestamp() - s.xact_start)) AS words
FROM pg_locks l
JOIN pg_stat_activity s ON s.pid = l.pid
WHERE l.locktype = 'relation'
  AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  AND l.granted
  AND l.pid <> pg_backend_pid()
  AND l.relation::bigint IN :oids
  AND s.xact_start IS NOT NULL
ORDER BY s.xact_start
LIMIT 3
