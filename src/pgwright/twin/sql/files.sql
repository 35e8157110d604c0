-- A row is a relation with a file, of those named and restored: nothing else has a file that may be changed.
SELECT wanted.name, c.oid::int8, pg_relation_filepath(c.oid)
FROM unnest(%s::text[]) AS wanted (name)
JOIN pg_class c ON c.oid = to_regclass(wanted.name) AND c.relowner = 'pgwright_owner'::regrole
WHERE pg_relation_filepath(c.oid) IS NOT NULL
