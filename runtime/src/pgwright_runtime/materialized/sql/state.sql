-- A row is the relation of that name, if there is one: whether it can be refreshed, and which materialized views it
-- reads, itself or through plain views. What a function reads is in no catalog.
WITH RECURSIVE reached AS (
    SELECT to_regclass(:relation)::oid AS oid, true AS is_start
    UNION
    SELECT d.refobjid, false
    FROM reached
    JOIN pg_class c ON c.oid = reached.oid AND (reached.is_start OR c.relkind = 'v')
    JOIN pg_rewrite r ON r.ev_class = c.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
)
SELECT
    c.oid::bigint AS oid,
    c.relkind = 'm' AS is_materialized,
    c.relispopulated AS is_populated,
    -- As the server's is_usable_unique_index() has it.
    EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indimmediate AND i.indisvalid
          AND i.indpred IS NULL AND i.indexprs IS NULL
    ) AS has_key,
    ARRAY(
        SELECT DISTINCT s.oid::bigint
        FROM reached
        JOIN pg_class s ON s.oid = reached.oid AND s.relkind = 'm'
        WHERE NOT reached.is_start AND s.oid <> c.oid
    ) AS sources
FROM pg_class c
WHERE c.oid = to_regclass(:relation)
