-- A row is what the planner knows of one expression of a CREATE STATISTICS object. The view came with PostgreSQL 14.
SELECT
    s.statistics_schemaname AS schema,
    s.statistics_name AS name,
    s.expr AS column,
    coalesce((to_jsonb(s) ->> 'inherited')::bool, false) AS is_inherited,
    s.null_frac::float8 AS null_fraction,
    s.avg_width AS average_width,
    s.n_distinct::float8 AS distinct,
    s.correlation::float8 AS correlation,
    CASE WHEN %(with_values)s THEN s.most_common_vals::text::text[] END AS common_values,
    CASE WHEN %(with_values)s THEN s.most_common_freqs::float8[] END AS common_frequencies,
    CASE WHEN %(with_values)s THEN s.histogram_bounds::text::text[] END AS histogram,
    CASE WHEN %(with_values)s THEN s.most_common_elems::text::text[] END AS common_elements,
    CASE WHEN %(with_values)s THEN s.most_common_elem_freqs::float8[] END AS common_element_frequencies,
    CASE WHEN %(with_values)s THEN s.elem_count_histogram::float8[] END AS element_count_histogram
FROM pg_stats_ext_exprs s
WHERE s.null_frac IS NOT NULL
