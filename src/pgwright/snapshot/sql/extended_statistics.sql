-- A row is one CREATE STATISTICS object of a user's table, with what ANALYZE found: once, or once more with children.
SELECT
    n.nspname AS schema,
    e.stxname AS name,
    tn.nspname AS table_schema,
    t.relname AS table_name,
    e.stxkind::text[] AS kinds,
    e.stxkeys::int2[]::int[] AS numbers,
    (SELECT array_agg(a.attname::text ORDER BY k.n)
     FROM unnest(e.stxkeys::int2[]) WITH ORDINALITY AS k(number, n)
     JOIN pg_attribute a ON a.attrelid = e.stxrelid AND a.attnum = k.number) AS columns,
    -- Expressions exist from PostgreSQL 14 on, the other column from 15 on.
    coalesce(
        (SELECT array_agg(x.text ORDER BY x.n)
         FROM jsonb_array_elements_text(nullif(to_jsonb(s) -> 'exprs', 'null')) WITH ORDINALITY AS x(text, n)), '{}'
    ) AS expressions,
    coalesce((to_jsonb(s) ->> 'inherited')::bool, false) AS is_inherited,
    -- The view shows the owner's tables only.
    s.schemaname IS NOT NULL AS is_readable,
    s.n_distinct::text AS distinct,
    s.dependencies::text AS dependencies,
    CASE WHEN %(with_values)s THEN s.most_common_vals END AS common_values,
    CASE WHEN %(with_values)s THEN s.most_common_freqs::float8[] END AS common_frequencies,
    CASE WHEN %(with_values)s THEN s.most_common_base_freqs::float8[] END AS common_base_frequencies
FROM pg_statistic_ext e
JOIN pg_namespace n ON n.oid = e.stxnamespace
JOIN pg_class t ON t.oid = e.stxrelid
JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_stats_ext s ON s.statistics_schemaname = n.nspname AND s.statistics_name = e.stxname
ORDER BY n.nspname, e.stxname, is_inherited
