-- The names of the database's own functions that take advisory locks, or call one that does. Of a body in SQL's own
-- form prosrc says nothing. A row: a name.
WITH RECURSIVE source AS (
    SELECT proname, CASE WHEN prosrc = '' THEN pg_get_functiondef(oid) ELSE prosrc END AS body
    FROM pg_proc
    WHERE pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
      AND prokind IN ('f', 'p')
      AND prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('c', 'internal'))
      -- It becomes a regular expression.
      AND proname ~ '^\w+$'
), locking AS (
    SELECT proname FROM source WHERE body ~* 'pg_(try_)?advisory_'
    UNION
    SELECT source.proname FROM source JOIN locking ON source.body ~ ('\m' || locking.proname || '\M')
)
SELECT proname::text FROM locking
