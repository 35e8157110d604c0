-- One row per table of ours on which this transaction holds a lock that keeps others from something, the strongest.
SELECT c.oid::regclass::text AS table_name, (pg_catalog.array_agg(l.mode ORDER BY pg_catalog.array_position(
    ARRAY['ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'],
    l.mode) DESC))[1] AS mode
FROM pg_catalog.pg_locks l
JOIN pg_catalog.pg_class c ON c.oid = l.relation
WHERE l.pid = pg_catalog.pg_backend_pid() AND l.granted AND l.locktype = 'relation'
  AND l.mode = ANY (ARRAY['ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
    'AccessExclusiveLock'])
  AND c.relkind IN ('r', 'p', 'm', 'v', 'f')
  AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
GROUP BY c.oid
