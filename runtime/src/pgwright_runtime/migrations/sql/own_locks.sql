-- One row per table on which this transaction holds a lock that keeps others from something, the strongest. A table that
-- it made itself is nobody else's yet: the row of its column ctid is as old as it, and never changed.
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
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum = -1
      AND a.xmin = CAST(pg_catalog.pg_current_xact_id_if_assigned() AS xid))
GROUP BY c.oid
