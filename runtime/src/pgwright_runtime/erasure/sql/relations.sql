-- One row: a table that holds rows of its own or of partitions, of no system schema and of no extension.
SELECT c.oid::bigint AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
    row_security_active(c.oid) AS is_secured, c.relhassubclass AS has_parts,
    CASE WHEN c.relkind = 'p'
        THEN (SELECT COALESCE(sum(pg_relation_size(t.relid)), 0) FROM pg_partition_tree(c.oid) t WHERE t.isleaf)
        WHEN c.relkind = 'r' THEN pg_relation_size(c.oid) ELSE 0 END::bigint AS bytes,
    array_position(current_schemas(false), n.nspname) AS place
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
