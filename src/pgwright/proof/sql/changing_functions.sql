-- The row is a function, of any of the names, that may give something else each time it is called.
SELECT DISTINCT p.proname::text
FROM pg_catalog.pg_proc p
WHERE p.proname = ANY (%s::name[]) AND p.provolatile = 'v'
