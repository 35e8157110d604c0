-- A row is the primary key of one of the tables whose oids are given.
SELECT
    con.conrelid::bigint AS table_oid,
    con.conkey::int[] AS numbers
FROM pg_constraint con
WHERE con.contype = 'p' AND con.conrelid = ANY(%(oids)s)
