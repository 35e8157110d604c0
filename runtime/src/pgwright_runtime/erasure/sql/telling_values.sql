-- One row: a column whose sampled values look like e-mail addresses or telephone numbers, for the most part.
SELECT s.schemaname::text AS schema, s.tablename::text AS name, s.attname::text AS column,
    CASE WHEN count(*) FILTER (WHERE v ~ '^[^@[:space:]]+@[^@[:space:]]+\.[A-Za-z]{2,}$') * 2 > count(*)
        THEN 'e-mail addresses' ELSE 'telephone numbers' END AS kind
FROM pg_stats s
CROSS JOIN LATERAL (
    SELECT v FROM unnest(s.most_common_vals::text::text[]) AS v
    UNION ALL SELECT v FROM unnest(s.histogram_bounds::text::text[]) AS v
) AS sampled
WHERE NOT s.inherited AND s.schemaname !~ '^pg_' AND s.schemaname <> 'information_schema'
    AND EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = format('%I.%I', s.schemaname, s.tablename)::regclass AND a.attname = s.attname
            AND t.typcategory = 'S')
GROUP BY s.schemaname, s.tablename, s.attname
HAVING count(*) FILTER (WHERE v ~ '^[^@[:space:]]+@[^@[:space:]]+\.[A-Za-z]{2,}$') * 2 > count(*)
    OR count(*) FILTER (WHERE v ~ '^\+[0-9][0-9 ()/-]{6,18}$') * 2 > count(*)
ORDER BY 1, 2, 3
