-- A row is an index, one of those named or a part of one: its table and file. Of a partitioned one the path is null.
SELECT wanted.name, n.nspname, t.relname, c.relname, c.oid::int8, pg_relation_filepath(c.oid)
FROM unnest(%(indexes)s::text[]) AS wanted (name)
CROSS JOIN LATERAL (
    SELECT to_regclass(wanted.name)::oid UNION SELECT relid::oid FROM pg_partition_tree(to_regclass(wanted.name))
) AS part (oid)
JOIN pg_class c ON c.oid = part.oid AND c.relowner = 'pgwright_owner'::regrole
JOIN pg_index i ON i.indexrelid = c.oid
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
