-- A row is a table with a file: the one named, or a partition of it.
-- pg_partition_tree knows partitioned relations and partitions only.
SELECT n.nspname, c.relname, pg_relation_filepath(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid IN (SELECT to_regclass(%(table)s) UNION SELECT relid FROM pg_partition_tree(to_regclass(%(table)s)))
    AND c.relkind IN ('r', 'm') AND c.relowner = 'pgwright_owner'::regrole
