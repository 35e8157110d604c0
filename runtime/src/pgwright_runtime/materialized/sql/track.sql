-- Where the view reads other materialized views, the moment of its data is known from its first refresh on, which is
-- due at once.
UPDATE REFRESHES SET refreshed_at = NULL, data_at = NULL
WHERE view_name = VIEW_NAME AND EXISTS (
    WITH RECURSIVE reached AS (
        SELECT CAST(RELATION AS regclass)::oid AS oid, true AS is_start
        UNION
        SELECT d.refobjid, false
        FROM reached
        JOIN pg_class c ON c.oid = reached.oid AND (reached.is_start OR c.relkind = 'v')
        JOIN pg_rewrite r ON r.ev_class = c.oid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
    )
    SELECT FROM reached JOIN pg_class s ON s.oid = reached.oid AND s.relkind = 'm' AND NOT reached.is_start
)
