-- A row is a column of one of the tables whose oids are given.
SELECT
    a.attrelid::bigint AS table_oid,
    a.attname AS name,
    a.attnum AS position,
    format_type(a.atttypid, a.atttypmod) AS type,
    coalesce(base.typname, t.typname) AS base_type,
    NOT (a.attnotnull OR t.typnotnull) AS is_nullable,
    pg_get_expr(d.adbin, d.adrelid) AS default,
    a.attidentity <> '' AS is_identity,
    a.attgenerated <> '' AS is_generated,
    CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
-- Domains over domains end at the innermost type that pg_type names for the outer one.
LEFT JOIN pg_type base ON base.oid = t.typbasetype AND t.typtype = 'd'
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(%(oids)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
