-- A view or materialized view, and a relation that it reads; a view may also be written through.
SELECT DISTINCT view.relname, source.relname, view.relkind = 'v'
FROM pg_depend
JOIN pg_rewrite ON pg_rewrite.oid = objid
JOIN pg_class view ON view.oid = ev_class
JOIN pg_class source ON source.oid = refobjid
WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_class'::regclass
  AND view.relkind IN ('v', 'm') AND source.oid <> view.oid
  AND view.relnamespace <> 'pg_catalog'::regnamespace AND view.relnamespace <> 'information_schema'::regnamespace
