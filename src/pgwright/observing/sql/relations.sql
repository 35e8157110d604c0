-- The app's relations with their files, as this transaction sees them, and how often it has read each from end to end.
SELECT relation.oid::int8, namespace.nspname, relation.relname, relation.relkind::text,
    coalesce(pg_catalog.pg_relation_filenode(relation.oid), 0)::int8 AS file,
    coalesce(pg_catalog.pg_stat_get_xact_numscans(relation.oid), 0) AS scans,
    coalesce(index.indrelid, toast.oid, relation.oid)::int8 AS table_oid,
    coalesce((SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = relation.oid LIMIT 1), 0)::int8 AS parent
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
LEFT JOIN pg_catalog.pg_index AS index ON index.indexrelid = relation.oid
LEFT JOIN pg_catalog.pg_class AS toast ON relation.relkind = 't' AND toast.reltoastrelid = relation.oid
WHERE relation.relkind <> 'c' AND namespace.nspname NOT IN ('pg_catalog', 'information_schema')
    -- The TOAST tables of the catalog, and their indexes, are the server's own business.
    AND (namespace.nspname <> 'pg_toast' OR relation.oid >= 16384)
