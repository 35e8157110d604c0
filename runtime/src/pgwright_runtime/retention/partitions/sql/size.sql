-- One row: how large a plain table is, and what its partitioning would change.
SELECT
    c.oid::bigint AS oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind::text AS kind,
    pg_total_relation_size(c.oid) AS bytes,
    ARRAY(
        SELECT a.attname::text
        FROM pg_index i, unnest(string_to_array(i.indkey::text, ' ')::int[]) WITH ORDINALITY AS u(attnum, place),
            pg_attribute a
        WHERE i.indrelid = c.oid AND i.indisprimary AND u.place <= i.indnkeyatts
          AND a.attrelid = c.oid AND a.attnum = u.attnum
        ORDER BY u.place
    ) AS primary_key
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = :oid
