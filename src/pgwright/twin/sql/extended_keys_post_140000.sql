-- A row is the named extended statistics as the catalog has them: the table, the keys' columns with their numbers and
-- types, and the expressions.
SELECT e.oid::int8, tn.nspname, t.relname, k.columns, k.numbers, k.types, coalesce(pg_get_statisticsobjdef_expressions(e.oid), '{}')
FROM pg_statistic_ext e
JOIN pg_namespace n ON n.oid = e.stxnamespace
JOIN pg_class t ON t.oid = e.stxrelid AND t.relowner = 'pgwright_owner'::regrole
JOIN pg_namespace tn ON tn.oid = t.relnamespace
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(a.attname::text ORDER BY k.n), '{}') AS columns,
        coalesce(array_agg(a.attnum ORDER BY k.n), '{}') AS numbers,
        coalesce(array_agg(a.atttypid::int8 ORDER BY k.n), '{}') AS types
    FROM unnest(e.stxkeys::int2[]) WITH ORDINALITY AS k (number, n)
    JOIN pg_attribute a ON a.attrelid = e.stxrelid AND a.attnum = k.number
) AS k
WHERE n.nspname = %s AND e.stxname = %s
