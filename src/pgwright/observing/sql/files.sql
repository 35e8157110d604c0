-- What a statement may change of the files and the use of relations, as this transaction sees it.
SELECT relation.oid::int8, namespace.nspname, relation.relname, relation.relkind::text,
    coalesce(pg_catalog.pg_relation_filenode(relation.oid), 0)::int8 AS file,
    coalesce(pg_catalog.pg_stat_get_xact_numscans(relation.oid), 0) AS scans
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = relation.relnamespace
WHERE relation.relkind IN ('r', 'm', 'i', 'p', 'I') AND namespace.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
