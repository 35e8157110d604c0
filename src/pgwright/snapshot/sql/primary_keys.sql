-- A row is the primary key of one of the tables whose oids are given.
SELECT
    con.conrelid::bigint AS table_oid,
    (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(con.conkey) WITH ORDINALITY AS k(attnum, n)
     JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attnum = k.attnum) AS columns
FROM pg_constraint con
WHERE con.contype = 'p' AND con.conrelid = ANY(%(oids)s)
