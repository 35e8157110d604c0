-- A table, and the function that one of its triggers calls, and whether that may give a row other values before it is
-- written; or NULL where a rule rewrites what is done to it. Bits of tgtype: 1 row, 2 before, 4 INSERT, 16 UPDATE.
SELECT relname, proname, tgtype & 3 = 3 AND tgtype & 20 <> 0
FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid
JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE NOT tgisinternal AND tgenabled <> 'D'
UNION
SELECT relname, NULL, false
FROM pg_rewrite
JOIN pg_class ON pg_class.oid = ev_class
WHERE ev_type <> '1' AND ev_enabled <> 'D'
  AND relnamespace <> 'pg_catalog'::regnamespace AND relnamespace <> 'information_schema'::regnamespace
