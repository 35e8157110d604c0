-- A row is the table, with how it is partitioned, if it is.
SELECT
    c.oid::bigint AS oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind::text AS kind,
    p.partstrat::text AS strategy,
    p.partnatts AS key_columns,
    a.attname AS column_name,
    t.typname AS column_type,
    c.relowner::bigint AS owner,
    pg_get_userbyid(c.relowner) AS owner_name,
    pg_has_role(c.relowner, 'USAGE') AS is_ours,
    s.spcname AS tablespace,
    current_setting('server_version_num')::int AS version,
    statement_timestamp() AS now,
    -- A constraint of a partition hangs on that of its parent.
    ARRAY(
        SELECT format('%I of %s', k.conname, k.conrelid::regclass)
        FROM pg_constraint k
        WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.conparentid = 0
        ORDER BY 1
    ) AS references,
    ARRAY(
        SELECT g.tgname::text
        FROM pg_trigger g
        WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgtype & 8 <> 0 -- for DELETE
        ORDER BY 1
    ) AS delete_triggers
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
LEFT JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
WHERE c.oid = to_regclass(CAST(:table AS text))
