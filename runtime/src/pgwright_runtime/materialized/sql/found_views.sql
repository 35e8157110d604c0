-- A row is a materialized view of one of some schemas, with the query that it stores, the unique indexes by which it can
-- be refreshed, and the materialized views that it reads, itself or through plain views.
WITH RECURSIVE views AS (
    SELECT c.oid, n.nspname, c.relname
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'm' AND n.nspname IN :schemas
), reached AS (
    SELECT v.oid AS start, v.oid FROM views v
    UNION
    SELECT reached.start, d.refobjid
    FROM reached
    JOIN pg_class c ON c.oid = reached.oid AND (reached.start = c.oid OR c.relkind = 'v')
    JOIN pg_rewrite r ON r.ev_class = c.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
)
SELECT
    v.oid::bigint AS oid,
    v.nspname AS schema,
    v.relname AS name,
    pg_get_viewdef(v.oid) AS definition,
    -- Each as its name and its columns, with a separator between them that no name has.
    ARRAY(
        SELECT concat_ws(chr(31), x.relname, (
            SELECT string_agg(a.attname, chr(31) ORDER BY array_position(i.indkey::int2[], a.attnum))
            FROM pg_attribute a
            WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
        ))
        FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = v.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
          AND i.indpred IS NULL AND i.indexprs IS NULL
        ORDER BY i.indexrelid
    ) AS unique_indexes,
    ARRAY(
        SELECT DISTINCT s.oid::bigint
        FROM reached
        JOIN pg_class s ON s.oid = reached.oid AND s.relkind = 'm'
        WHERE reached.start = v.oid AND s.oid <> v.oid
    ) AS sources
FROM views v
ORDER BY 2, 3
