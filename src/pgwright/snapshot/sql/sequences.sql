-- A row is a sequence, with the column that it feeds where one is known.
SELECT
    s.schemaname AS schema,
    s.sequencename AS name,
    tn.nspname AS table_schema,
    t.relname AS table_name,
    a.attname AS column,
    s.last_value,
    s.increment_by AS increment,
    s.cycle AS starts_over,
    least(s.max_value, CASE a.atttypid
        WHEN 'int2'::regtype THEN 32767
        WHEN 'int4'::regtype THEN 2147483647
        ELSE s.max_value END) AS limit
FROM pg_sequences s
JOIN pg_namespace n ON n.nspname = s.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.sequencename AND c.relkind = 'S'
-- Owned by (serial: auto, identity: internal).
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class t ON t.oid = d.refobjid
LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
ORDER BY s.schemaname, s.sequencename
