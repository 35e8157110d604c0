-- A function that may write, and its body; NULL where that is not in SQL or PL/pgSQL as text.
-- Those of extensions do not write the app's tables, dblink's and their like apart, which connect to any database.
SELECT proname, CASE WHEN lanname IN ('sql', 'plpgsql') AND prosrc <> '' THEN prosrc END
FROM pg_proc
JOIN pg_language ON pg_language.oid = prolang
WHERE provolatile = 'v'
  AND pronamespace <> 'pg_catalog'::regnamespace AND pronamespace <> 'information_schema'::regnamespace
  AND (proname LIKE 'dblink%' OR NOT EXISTS (
    SELECT FROM pg_depend
    WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND refclassid = 'pg_extension'::regclass
      AND deptype = 'e'))
