-- A row is a column of one of the tables whose oids are given.
SELECT
    a.attrelid::bigint AS table_oid,
    a.attname AS name,
    a.attnum AS position,
    format_type(a.atttypid, a.atttypmod) AS type,
    CASE WHEN t.typtype <> 'd' THEN t.typname ELSE (
        -- A domain may be one over another.
        WITH RECURSIVE chain AS (
            SELECT t.typname, t.typtype, t.typbasetype, 0 AS depth
            UNION ALL
            SELECT b.typname, b.typtype, b.typbasetype, c.depth + 1
            FROM chain c
            JOIN pg_type b ON b.oid = c.typbasetype AND c.typtype = 'd'
        )
        SELECT typname FROM chain ORDER BY depth DESC LIMIT 1
    ) END AS base_type,
    CASE WHEN t.typtype = 'd' THEN tn.nspname END AS domain_schema,
    CASE WHEN t.typtype = 'd' THEN t.typname END AS domain_name,
    NOT (a.attnotnull OR t.typnotnull) AS is_nullable,
    -- A default names no column, unless it is a generated one's; 0 spares the server to look up the table.
    pg_get_expr(d.adbin, CASE WHEN a.attgenerated <> '' THEN d.adrelid ELSE 0 END) AS default,
    a.attidentity <> '' AS is_identity,
    a.attgenerated <> '' AS is_generated,
    CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
    -- None, or the database's own, which is.
    a.attcollation IN (0, 'pg_catalog.default'::regcollation)
        OR coalesce((SELECT c.collisdeterministic FROM pg_collation c WHERE c.oid = a.attcollation), true)
        AS is_deterministic
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_namespace tn ON tn.oid = t.typnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY(%(oids)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
