-- A row is a materialized view of the user's, with the tables and materialized views that it reads, itself or through
-- plain views. What a function reads is in no catalog.
WITH RECURSIVE views AS (
    SELECT c.oid, n.nspname, c.relname, c.relispopulated
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'm' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND NOT EXISTS (
          SELECT FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
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
    v.nspname AS schema,
    v.relname AS name,
    v.relispopulated AS is_populated,
    ARRAY(
        SELECT DISTINCT s.oid::bigint
        FROM reached
        JOIN pg_class s ON s.oid = reached.oid AND s.relkind IN ('r', 'p', 'm', 'f')
        WHERE reached.start = v.oid AND s.oid <> v.oid
    ) AS sources
FROM views v
ORDER BY v.nspname, v.relname
