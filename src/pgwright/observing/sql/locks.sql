-- The locks of this session on relations of the app; `in_catalog` ones are the server's own business.
SELECT owner_namespace.nspname, coalesce(owner.relname, relation.relname) AS table_name, namespace.nspname, relation.relname,
    relation.relkind::text, lock.mode, relation.oid::int8, coalesce(owner.oid, relation.oid)::int8 AS table_oid
FROM pg_catalog.pg_locks AS lock
JOIN pg_catalog.pg_class AS relation ON relation.oid = lock.relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
LEFT JOIN pg_catalog.pg_index AS index ON index.indexrelid = relation.oid
LEFT JOIN pg_catalog.pg_class AS toast ON toast.reltoastrelid = relation.oid
LEFT JOIN pg_catalog.pg_class AS owner ON owner.oid = coalesce(index.indrelid, toast.oid)
LEFT JOIN pg_catalog.pg_namespace AS owner_namespace ON owner_namespace.oid = coalesce(owner.relnamespace, relation.relnamespace)
WHERE lock.pid = pg_catalog.pg_backend_pid() AND lock.locktype = 'relation' AND lock.granted
    AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
    AND (toast.oid IS NOT NULL OR namespace.nspname <> 'pg_toast')
    AND coalesce(owner.relname, relation.relname) <> 'alembic_version'
