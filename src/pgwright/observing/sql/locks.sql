-- The locks of a session on relations of this database, held and asked for.
SELECT lock.relation::int8, lock.mode, lock.granted
FROM pg_catalog.pg_locks AS lock
WHERE lock.pid = %s AND lock.locktype = 'relation'
    AND lock.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
