-- One row: a foreign key, of a partition as of the table that it is part of.
SELECT DISTINCT COALESCE(pg_partition_root(c.conrelid)::oid, c.conrelid)::bigint AS child,
    COALESCE(pg_partition_root(c.confrelid)::oid, c.confrelid)::bigint AS parent,
    CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
        WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS on_delete,
    ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY k.place) AS columns,
    ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY k.place) AS referred
FROM pg_constraint c
WHERE c.contype = 'f' AND c.conparentid = 0
ORDER BY 1, 2, 4
