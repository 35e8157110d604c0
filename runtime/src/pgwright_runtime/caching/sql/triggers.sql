-- A table, and the function that one of its triggers calls; or NULL where a rule rewrites what is done to it.
SELECT relname, proname
FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid
JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE NOT tgisinternal AND tgenabled <> 'D'
UNION
SELECT relname, NULL
FROM pg_rewrite
JOIN pg_class ON pg_class.oid = ev_class
WHERE ev_type <> '1' AND ev_enabled <> 'D'
  AND relnamespace <> 'pg_catalog'::regnamespace AND relnamespace <> 'information_schema'::regnamespace
