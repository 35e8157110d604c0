-- A row is a foreign key at one of the tables whose oids are given.
SELECT
    con.conrelid::bigint AS table_oid,
    con.confrelid::bigint AS referenced_oid,
    con.conname AS name,
    con.conkey::int[] AS numbers,
    con.confkey::int[] AS referenced_numbers,
    con.confdeltype::text AS on_delete,
    con.confupdtype::text AS on_update,
    con.convalidated AS is_validated,
    con.conparentid <> 0 AS is_inherited,
    pg_get_constraintdef(con.oid) AS definition,
    xn.nspname AS index_schema,
    x.relname AS index_name
FROM pg_constraint con
LEFT JOIN pg_class x ON x.oid = con.conindid
LEFT JOIN pg_namespace xn ON xn.oid = x.relnamespace
WHERE con.contype = 'f' AND (con.conrelid = ANY(%(oids)s) OR con.confrelid = ANY(%(oids)s))
ORDER BY con.conrelid, con.conname
