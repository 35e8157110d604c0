-- A row is an index of one of the tables whose oids are given.
SELECT
    i.indrelid::bigint AS table_oid,
    n.nspname AS schema,
    c.relname AS name,
    am.amname AS method,
    -- NULL: a plain one, whose text follows from the rest. The server takes longer to write it than for all the rest.
    CASE
        WHEN i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR c.reloptions IS NOT NULL OR c.relkind = 'I'
            OR i.indexrelid = ANY(%(odd)s)
        THEN pg_get_indexdef(i.indexrelid)
    END AS sql,
    pg_get_expr(i.indpred, i.indrelid) AS predicate,
    i.indnkeyatts AS key_count,
    -- One entry a column of the index, keys first, then INCLUDE; 0 is an expression.
    i.indkey::int2[]::int[] AS numbers,
    CASE WHEN i.indexprs IS NOT NULL THEN
        (SELECT array_agg(pg_get_indexdef(i.indexrelid, n, false) ORDER BY n)
         FROM generate_series(1, i.indnkeyatts) AS n)
    END AS key_texts,
    i.indoption::int2[]::int[] AS options,
    coalesce(c.reloptions, '{}')::text[] AS parameters,
    i.indisunique AS is_unique,
    -- Exists from PostgreSQL 15 on. Of thousands of indexes only those are made JSON that may have it.
    coalesce(CASE WHEN i.indisunique THEN (to_jsonb(i) ->> 'indnullsnotdistinct')::bool END, false) AS nulls_not_distinct,
    i.indimmediate AS is_immediate,
    i.indisprimary AS is_primary,
    con.conname AS constraint,
    i.indisexclusion AS is_exclusion,
    i.indisvalid AND i.indisready AND i.indislive AS is_valid,
    i.indisready AND i.indislive AS is_ready,
    i.indisreplident AS is_replica_identity,
    i.indisclustered AS is_clustered,
    pn.nspname AS parent_schema,
    pc.relname AS parent_name,
    -- As of tables: of what ANALYZE counted, and nobody wrote to since, no file is opened.
    CASE
        WHEN c.relkind <> 'i' THEN 0
        WHEN pg_stat_get_mod_since_analyze(i.indrelid) = 0 AND (
            pg_stat_get_last_analyze_time(i.indrelid) IS NOT NULL
            OR pg_stat_get_last_autoanalyze_time(i.indrelid) IS NOT NULL
        ) THEN c.relpages * (SELECT current_setting('block_size')::bigint)
        ELSE coalesce(pg_relation_size(c.oid), 0)
    END AS size_bytes,
    c.relpages AS analyzed_pages,
    c.reltuples::float8 AS row_estimate,
    -- As pg_stat_all_indexes has them; a join with the view takes as long as all the rest.
    pg_stat_get_numscans(c.oid) AS scans,
    pg_stat_get_tuples_returned(c.oid) AS rows_read,
    -- The column exists from PostgreSQL 16 on.
    CASE WHEN pg_stat_get_numscans(c.oid) > 0 THEN
        (SELECT to_jsonb(s) ->> 'last_idx_scan' FROM pg_stat_all_indexes s WHERE s.indexrelid = c.oid)
    END AS last_scan_at,
    c.oid::bigint AS oid
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_constraint con ON con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u', 'x')
LEFT JOIN pg_inherits inh ON inh.inhrelid = i.indexrelid
LEFT JOIN pg_class pc ON pc.oid = inh.inhparent
LEFT JOIN pg_namespace pn ON pn.oid = pc.relnamespace
WHERE i.indrelid = ANY(%(oids)s)
ORDER BY n.nspname, c.relname
