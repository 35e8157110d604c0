-- One row for each of the named tables, and for each that foreign keys lead to from there, from parent to child.
WITH RECURSIVE found (oid) AS (
    SELECT pg_catalog.to_regclass(t.name)::oid
    FROM pg_catalog.json_array_elements_text(CAST(:tables AS pg_catalog.json)) AS t (name)
    UNION
    SELECT k.conrelid
    FROM found f
    JOIN pg_catalog.pg_constraint k ON k.confrelid = f.oid AND k.contype = 'f' AND k.conparentid = 0
)
SELECT
    c.oid::bigint AS oid,
    n.nspname AS schema_name,
    c.relname AS table_name,
    c.oid = pg_catalog.to_regclass(pg_catalog.quote_ident(c.relname)) AS is_on_path,
    c.relkind::text AS kind,
    c.relispartition AS is_partition,
    pg_catalog.row_security_active(c.oid) AS hides_rows,
    (
        SELECT pg_catalog.string_agg(p.name, ', ')
        FROM (VALUES ('SELECT'), ('DELETE')) AS p (name)
        WHERE NOT pg_catalog.has_table_privilege(c.oid, p.name)
    ) AS lacks,
    pg_catalog.has_table_privilege(c.oid, 'UPDATE') OR pg_catalog.has_any_column_privilege(c.oid, 'UPDATE') AS may_lock,
    size.blocks,
    size.bytes,
    size.row_estimate,
    (
        SELECT pg_catalog.json_object_agg(a.attname, y.typname)
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_type y0 ON y0.oid = a.atttypid
        JOIN pg_catalog.pg_type y ON y.oid = COALESCE(NULLIF(y0.typbasetype, 0), y0.oid)
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS types,
    (
        SELECT pg_catalog.json_agg(a.attname ORDER BY x.place)
        FROM pg_catalog.pg_index i
        CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS x (attnum, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.attnum
        WHERE i.indrelid = c.oid AND i.indisprimary AND x.place <= i.indnkeyatts
    ) AS key,
    (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(x.relname, i.indpred IS NOT NULL, (
            SELECT pg_catalog.json_agg(a.attname ORDER BY e.place)
            FROM pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS e (attnum, place)
            LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.attnum
            WHERE e.place <= i.indnkeyatts)))
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
        WHERE i.indrelid = c.oid AND i.indisvalid
    ) AS indexes
FROM found f
JOIN pg_catalog.pg_class c ON c.oid = f.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.sum(pg_catalog.pg_relation_size(p.relid)
            / pg_catalog.current_setting('block_size')::bigint)::bigint AS blocks,
        pg_catalog.sum(pg_catalog.pg_total_relation_size(p.relid))::bigint AS bytes,
        -- Not yet counted: by its size, 100 bytes a row.
        pg_catalog.sum(CASE WHEN q.reltuples >= 0 AND q.relpages > 0 THEN q.reltuples
            ELSE pg_catalog.pg_relation_size(p.relid) / 100 END)::bigint AS row_estimate
    FROM (
        SELECT c.oid WHERE c.relkind <> 'p'
        UNION
        SELECT t.relid FROM pg_catalog.pg_partition_tree(c.oid) AS t WHERE t.isleaf
    ) AS p (relid)
    JOIN pg_catalog.pg_class q ON q.oid = p.relid
) AS size
