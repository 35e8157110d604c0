-- The types of the scratch table's columns, without the one that numbers its rows. What is no table has none.
SELECT coalesce(array_agg(a.atttypid::int8 ORDER BY a.attnum), '{}')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.oid = to_regclass('pgwright_scratch.t') AND c.relkind = 'r' AND a.attnum > 1 AND NOT a.attisdropped
