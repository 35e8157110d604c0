-- A row is a view, plain or materialized, that the role may use and that reads a table with row security, be it through
-- other views.
WITH RECURSIVE reading AS (
    SELECT r.ev_class AS view, d.refobjid AS source
    FROM pg_rewrite r
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
), reaching AS (
    SELECT reading.view, t.relname AS table_name
    FROM reading
    JOIN pg_class t ON t.oid = reading.source AND t.relkind IN ('r', 'p') AND t.relrowsecurity
    UNION
    SELECT reading.view, reaching.table_name
    FROM reaching
    JOIN reading ON reading.source = reaching.view
)
SELECT n.nspname || '.' || v.relname AS name, v.relkind::text AS kind, pg_get_userbyid(v.relowner)::text AS owner,
       table_name::text
FROM reaching
JOIN pg_class v ON v.oid = reaching.view AND v.relkind IN ('v', 'm')
JOIN pg_namespace n ON n.oid = v.relnamespace
WHERE has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(v.oid, 'SELECT, INSERT, UPDATE')
  -- The option may be written on, true, yes or 1.
  AND NOT EXISTS (SELECT FROM unnest(v.reloptions) o
                  WHERE o ~* '^security_invoker=(on|true|yes|1)$')
ORDER BY 1, 4
