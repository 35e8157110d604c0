-- A row is an index of one of the tables whose oids are given.
SELECT
    i.indrelid::bigint AS table_oid,
    n.nspname AS schema,
    c.relname AS name,
    am.amname AS method,
    pg_get_indexdef(i.indexrelid) AS sql,
    pg_get_expr(i.indpred, i.indrelid) AS predicate,
    i.indnkeyatts AS key_count,
    -- One entry a column of the index, keys first, then INCLUDE.
    (SELECT array_agg(a.attname::text ORDER BY k.n)
     FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
     LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0) AS column_names,
    CASE WHEN i.indexprs IS NOT NULL THEN
        (SELECT array_agg(pg_get_indexdef(i.indexrelid, n, false) ORDER BY n)
         FROM generate_series(1, i.indnkeyatts) AS n)
    END AS key_texts,
    i.indoption::int2[]::int[] AS options,
    -- NULL: the default one, without parameters.
    (SELECT array_agg(
         CASE
             WHEN own.attoptions IS NOT NULL THEN o.opcname || ' (' || (
                 SELECT string_agg(split_part(one, '=', 1) || '=' || quote_literal(substr(one, strpos(one, '=') + 1)), ', ')
                 FROM unnest(own.attoptions) AS one
             ) || ')'
             WHEN NOT o.opcdefault THEN o.opcname::text
             -- The default of another type may be none of the key's: text_ops on citext. The server knows; it prints those.
             WHEN o.opcintype IS DISTINCT FROM a.atttypid AND (
                 SELECT strpos(whole, key || ' ' || class) + strpos(whole, key || ' COLLATE ' || c || ' ' || class)
                 FROM CAST(pg_get_indexdef(i.indexrelid) AS text) AS whole,
                     CAST((i.indcollation::oid[])[k.n - 1]::regcollation AS text) AS c,
                     concat(CASE WHEN NOT pg_opclass_is_visible(o.oid) THEN quote_ident(ns.nspname) || '.' END,
                         quote_ident(o.opcname)) AS class,
                     concat(CASE k.n WHEN 1 THEN '(' ELSE ', ' END, pg_get_indexdef(i.indexrelid, k.n::int, false)) AS key
             ) > 0 THEN o.opcname::text
         END ORDER BY k.n)
     FROM unnest(i.indclass::oid[]) WITH ORDINALITY AS k(oid, n)
     JOIN pg_opclass o ON o.oid = k.oid
     JOIN pg_namespace ns ON ns.oid = o.opcnamespace
     JOIN pg_attribute own ON own.attrelid = i.indexrelid AND own.attnum = k.n
     LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = (i.indkey::int2[])[k.n - 1] AND a.attnum <> 0
     ) AS operator_classes,
    (SELECT array_agg(
         CASE WHEN k.oid <> 0 AND k.oid <> coalesce(a.attcollation, 100) THEN k.oid::regcollation::text END ORDER BY k.n)
     FROM unnest(i.indcollation::oid[]) WITH ORDINALITY AS k(oid, n)
     LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = (i.indkey::int2[])[k.n - 1]
     ) AS collations,
    coalesce(c.reloptions, '{}')::text[] AS parameters,
    i.indisunique AS is_unique,
    coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS nulls_not_distinct,
    i.indimmediate AS is_immediate,
    i.indisprimary AS is_primary,
    con.conname AS constraint,
    i.indisexclusion AS is_exclusion,
    i.indisvalid AND i.indisready AND i.indislive AS is_valid,
    i.indisreplident AS is_replica_identity,
    i.indisclustered AS is_clustered,
    pn.nspname AS parent_schema,
    pc.relname AS parent_name,
    CASE WHEN c.relkind = 'i' THEN coalesce(pg_relation_size(c.oid), 0) ELSE 0 END AS size_bytes,
    c.relpages AS analyzed_pages,
    c.reltuples::float8 AS row_estimate,
    coalesce(s.idx_scan, 0) AS scans,
    coalesce(s.idx_tup_read, 0) AS rows_read,
    -- The column exists from PostgreSQL 16 on.
    to_jsonb(s) ->> 'last_idx_scan' AS last_scan_at,
    c.oid::bigint AS oid
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u', 'x')
LEFT JOIN pg_inherits inh ON inh.inhrelid = i.indexrelid
LEFT JOIN pg_class pc ON pc.oid = inh.inhparent
LEFT JOIN pg_namespace pn ON pn.oid = pc.relnamespace
LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = i.indexrelid
WHERE i.indrelid = ANY(%(oids)s)
ORDER BY n.nspname, c.relname
