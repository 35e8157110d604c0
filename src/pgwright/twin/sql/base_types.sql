-- The types in their order, of a domain its base type.
WITH RECURSIVE b (place, type) AS (
    SELECT place, type::oid FROM unnest(%s::int8[]) WITH ORDINALITY AS u (type, place)
    UNION ALL
    SELECT b.place, t.typbasetype FROM b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd'
)
SELECT coalesce(array_agg(b.type::int8 ORDER BY b.place), '{}')
FROM b JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'
