-- A row is a table or sequence of which our role may not read all, and why.
SELECT h.*
FROM (
    SELECT
        n.nspname AS schema,
        c.relname AS name,
        c.relkind = 'S' AS is_sequence,
        pg_get_userbyid(c.relowner) AS owner,
        c.relkind <> 'S' AND NOT has_schema_privilege(n.oid, 'USAGE') AS is_closed,
        NOT CASE c.relkind
            WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
            ELSE has_table_privilege(c.oid, 'SELECT')
        END AS is_denied,
        c.relrowsecurity AND row_security_active(c.oid) AS is_filtered,
        c.relforcerowsecurity AS is_forced
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'f', 'S') AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
      AND NOT EXISTS (
          SELECT FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
      )
) AS h
WHERE h.is_closed OR h.is_denied OR h.is_filtered
ORDER BY h.schema, h.name
