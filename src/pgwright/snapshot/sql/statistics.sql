-- A row is what the planner knows of one column of a table, or of one expression of an index, of these names; NULL: any.
SELECT
    s.schemaname AS schema,
    s.tablename AS name,
    s.attname AS column,
    s.inherited AS is_inherited,
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
FROM pg_stats s
-- The view asks for our privileges column by column, of all that the names let through.
WHERE (%(names)s::name[] IS NULL OR s.tablename = ANY(%(names)s::name[]))
  -- Of these no table has statistics.
  AND s.attname NOT IN ('tableoid', 'cmax', 'xmax', 'cmin', 'xmin', 'ctid')
  AND s.schemaname NOT IN ('pg_catalog', 'information_schema')
  AND s.schemaname NOT LIKE 'pg\_toast%%'
