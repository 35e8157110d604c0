-- A row is what the planner knows of one column of ranges: before PostgreSQL 17, `pg_stats` does not show it.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    a.attname AS column,
    s.stainherit AS is_inherited,
    CASE WHEN %(with_values)s THEN lengths.values END AS range_length_histogram,
    lengths.numbers[1]::float8 AS range_empty_fraction,
    CASE WHEN %(with_values)s THEN bounds.values END AS range_bounds_histogram
FROM pg_statistic s
JOIN pg_class c ON c.oid = s.starelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = s.starelid AND a.attnum = s.staattnum
CROSS JOIN LATERAL (
    -- Kinds 6 and 7 of src/include/catalog/pg_statistic.h.
    VALUES (s.stakind1, s.stanumbers1, s.stavalues1::text), (s.stakind2, s.stanumbers2, s.stavalues2::text)
) AS lengths (kind, numbers, values)
CROSS JOIN LATERAL (
    VALUES (s.stakind1, s.stavalues1::text), (s.stakind2, s.stavalues2::text)
) AS bounds (kind, values)
WHERE lengths.kind = 6 AND bounds.kind = 7
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%%'
