-- A row is a foreign key of one column.
SELECT
    sn.nspname::text AS child_schema,
    s.relname::text AS child,
    sa.attname::text AS child_column,
    tn.nspname::text AS parent_schema,
    t.relname::text AS parent,
    ta.attname::text AS parent_column
FROM pg_constraint k
JOIN pg_class s ON s.oid = k.conrelid
JOIN pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_attribute sa ON sa.attrelid = s.oid AND sa.attnum = k.conkey[1]
JOIN pg_class t ON t.oid = k.confrelid
JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = k.confkey[1]
WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND k.conparentid = 0
ORDER BY sn.nspname, s.relname, sa.attname
