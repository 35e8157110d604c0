-- One row: the table of a backfill, as the database has it.
SELECT
    c.oid::bigint AS oid,
    c.relkind::text AS kind,
    pg_catalog.row_security_active(c.oid) AS hides_rows,
    (
        SELECT pg_catalog.string_agg(p.name, ', ')
        FROM (VALUES ('SELECT'), ('UPDATE')) AS p (name)
        WHERE NOT pg_catalog.has_table_privilege(c.oid, p.name)
    ) AS lacks,
    size.blocks,
    size.row_estimate,
    -- Those of foreign keys are triggers as well.
    EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND t.tgdeferrable)
        OR EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.condeferrable) AS defers,
    (
        SELECT pg_catalog.json_object_agg(a.attname, pg_catalog.json_build_object(
            'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'is_required', a.attnotnull,
            'is_generated', a.attgenerated <> ''))
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS columns,
    (
        -- Indexes that have every row, the primary key first.
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object('is_key', i.indisunique AND i.indimmediate, 'columns', (
            SELECT pg_catalog.json_agg(a.attname ORDER BY e.place)
            FROM pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS e (attnum, place)
            LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.attnum
            WHERE e.place <= i.indnkeyatts)) ORDER BY i.indisprimary DESC, i.indexrelid)
        FROM pg_catalog.pg_index i
        JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
        WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
    ) AS indexes,
    (
        SELECT pg_catalog.json_agg(t.tgname ORDER BY t.tgname)
        FROM pg_catalog.pg_trigger t
        -- For each row, on UPDATE, of others than ourselves.
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 17 = 17 AND t.tgenabled <> 'D'
          AND t.tgname NOT LIKE 'zz\_pgwright\_fill\_%'
    ) AS triggers
FROM pg_catalog.pg_class c
CROSS JOIN LATERAL (
    SELECT
        pg_catalog.sum(pg_catalog.pg_relation_size(p.relid)
            / pg_catalog.current_setting('block_size')::bigint)::bigint AS blocks,
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
WHERE c.oid = pg_catalog.to_regclass(:name)
