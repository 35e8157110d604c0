-- What a file says of its settings may name any; of those that change plans, this server knows the category.
SELECT pg_catalog.set_config(s.name, w.value, false)
FROM unnest(%s::text[], %s::text[]) AS w(name, value)
JOIN pg_catalog.pg_settings s ON s.name = w.name
WHERE s.context = 'user'
    AND (s.category LIKE 'Query Tuning%%' OR s.category LIKE 'Resource Usage%%' OR s.name = ANY (%s::text[]))
