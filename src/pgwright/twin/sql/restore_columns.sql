-- A row is a column, of a table or of an index on expressions, that got its statistics.
SELECT pg_restore_attribute_stats(
    'schemaname', r.schema, 'relname', r.name, 'attname', r.column, 'inherited', r.inherited,
    'null_frac', r.null_fraction, 'avg_width', r.average_width, 'n_distinct', r.distinct,
    'correlation', r.correlation,
    'most_common_vals', r.common_values::text, 'most_common_freqs', r.common_frequencies,
    'histogram_bounds', r.histogram::text,
    'most_common_elems', r.common_elements::text, 'most_common_elem_freqs', r.common_element_frequencies,
    'elem_count_histogram', r.element_count_histogram,
    'range_length_histogram', r.range_length_histogram, 'range_empty_frac', r.range_empty_fraction,
    'range_bounds_histogram', r.range_bounds_histogram)
FROM jsonb_to_recordset(%s::jsonb) AS r(
    schema text, name text, "column" text, inherited bool,
    null_fraction float4, average_width int4, "distinct" float4, correlation float4,
    common_values text[], common_frequencies float4[], histogram text[],
    common_elements text[], common_element_frequencies float4[], element_count_histogram float4[],
    range_length_histogram text, range_empty_fraction float4, range_bounds_histogram text)
-- What is missing here was left out with its table.
JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(r.schema) || '.' || quote_ident(r.name))
    AND a.attname = r.column
JOIN pg_class c ON c.oid = a.attrelid AND c.relowner = 'pgwright_owner'::regrole
