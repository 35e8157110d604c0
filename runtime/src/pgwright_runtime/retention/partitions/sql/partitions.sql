-- A row is a partition of the table itself, not one of a partition.
SELECT
    c.oid::bigint AS oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind::text AS kind,
    pg_get_expr(c.relpartbound, c.oid) AS bound,
    -- The column is there from PostgreSQL 14 on.
    coalesce((to_jsonb(i) ->> 'inhdetachpending')::boolean, false) AS is_pending,
    coalesce(pg_relation_size(c.oid), 0) AS heap_bytes,
    coalesce((SELECT sum(pg_total_relation_size(l.relid)) FROM pg_partition_tree(c.oid) l), 0)::bigint AS total_bytes,
    c.relpersistence = 'u' AS is_unlogged,
    coalesce(c.reloptions, '{}')::text[] AS options
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.inhparent = :oid
ORDER BY c.relname
