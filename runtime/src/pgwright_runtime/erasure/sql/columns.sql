-- One row: a column of a table.
SELECT a.attrelid::bigint AS oid, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
    format_type(NULLIF(t.typelem, 0), NULL) AS element,
    -- A domain over text is text.
    COALESCE(b.typname, t.typname)::text AS base, COALESCE(b.typcategory, t.typcategory)::text AS category,
    NOT a.attnotnull AS is_nullable, a.attgenerated <> '' AS is_generated
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY a.attrelid, a.attnum
