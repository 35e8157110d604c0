-- A row is a user's table, partitioned table, materialised view or foreign table.
SELECT
    c.oid::bigint AS oid,
    n.nspname AS schema,
    c.relname AS name,
    CASE c.relkind
        WHEN 'r' THEN 'table'
        WHEN 'p' THEN 'partitioned table'
        WHEN 'm' THEN 'materialized view'
        WHEN 'f' THEN 'foreign table'
    END AS kind,
    -- Multiple inheritance is named by its first parent.
    (SELECT pn.nspname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
     JOIN pg_namespace pn ON pn.oid = p.relnamespace
     WHERE i.inhrelid = c.oid AND i.inhseqno = 1) AS parent_schema,
    (SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
     WHERE i.inhrelid = c.oid AND i.inhseqno = 1) AS parent_name,
    c.reltuples::float8 AS row_estimate,
    -- To ask for a size opens the table. Where nothing was written since ANALYZE, what that counted is the size.
    -- A table that another session holds exclusively answers with NULL sizes when it is dropped meanwhile.
    CASE
        WHEN c.relkind NOT IN ('r', 'm') THEN 0
        WHEN known.is_counted THEN c.relpages * known.block_bytes
        ELSE coalesce(pg_relation_size(c.oid), 0)
    END AS heap_bytes,
    c.relpages AS analyzed_pages,
    c.relallvisible AS all_visible_pages,
    CASE
        WHEN c.relkind NOT IN ('r', 'm') THEN 0
        WHEN known.is_counted THEN known.block_bytes * (
            c.relpages + (
                SELECT coalesce(sum(x.relpages), 0)
                FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                WHERE i.indrelid = c.oid
            )
        )::bigint + coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0)
        ELSE coalesce(pg_total_relation_size(c.oid), 0)
    END AS total_bytes,
    coalesce(s.seq_scan, 0) AS sequential_scans,
    coalesce(s.seq_tup_read, 0) AS sequential_rows_read,
    coalesce(s.idx_scan, 0) AS index_scans,
    coalesce(s.n_tup_ins, 0) AS rows_inserted,
    coalesce(s.n_tup_upd, 0) AS rows_updated,
    coalesce(s.n_tup_del, 0) AS rows_deleted,
    coalesce(s.n_tup_hot_upd, 0) AS rows_hot_updated,
    coalesce(s.n_live_tup, 0) AS live_rows,
    coalesce(s.n_dead_tup, 0) AS dead_rows,
    coalesce(s.n_mod_since_analyze, 0) AS rows_modified_since_analyze,
    greatest(s.last_vacuum, s.last_autovacuum)::text AS last_vacuum_at,
    greatest(s.last_analyze, s.last_autoanalyze)::text AS last_analyze_at,
    CASE WHEN c.relkind IN ('r', 'm') THEN age(c.relfrozenxid) ELSE 0 END AS frozen_age,
    c.relrowsecurity AS has_row_security,
    coalesce(c.reloptions, '{}')::text[] AS parameters
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
CROSS JOIN LATERAL (
    SELECT
        s.n_mod_since_analyze = 0 AND (s.last_analyze IS NOT NULL OR s.last_autoanalyze IS NOT NULL) AS is_counted,
        current_setting('block_size')::bigint AS block_bytes
) AS known
WHERE c.relkind IN ('r', 'p', 'm', 'f')
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\_toast%%'
  AND c.relname <> 'alembic_version' -- Alembic's own
  AND c.oid <> ALL(%(locked)s) -- their size would have to be waited for
  -- What an extension brought is not the user's to change.
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY n.nspname, c.relname
