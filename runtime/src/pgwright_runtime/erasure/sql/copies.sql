-- One row: a materialised view that reads one of the tables, itself or through other views.
WITH RECURSIVE above (oid) AS (
    SELECT c.oid FROM pg_class c WHERE c.oid = ANY (CAST(:tables AS bigint[]))
    UNION
    SELECT r.ev_class FROM above
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = above.oid
        AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid
)
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM above JOIN pg_class c ON c.oid = above.oid AND c.relkind = 'm' JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1, 2
