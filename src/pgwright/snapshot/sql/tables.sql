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
        WHEN known.is_counted THEN known.block_bytes * (c.relpages + coalesce(built.pages, 0))::bigint + CASE
            WHEN c.reltoastrelid = 0 THEN 0
            -- All rows came while the counters counted, and none of them left a part there.
            WHEN pg_stat_get_tuples_inserted(c.oid) - pg_stat_get_tuples_deleted(c.oid) >= c.reltuples
                AND pg_stat_get_tuples_inserted(c.reltoastrelid) = 0 THEN 0
            ELSE coalesce(pg_relation_size(c.reltoastrelid), 0)
        END
        ELSE coalesce(pg_total_relation_size(c.oid), 0)
    END AS total_bytes,
    -- As pg_stat_all_tables has them, which adds up the indexes of every table for each reader.
    pg_stat_get_numscans(c.oid) AS sequential_scans,
    pg_stat_get_tuples_returned(c.oid) AS sequential_rows_read,
    coalesce(built.scans, 0)::bigint AS index_scans,
    pg_stat_get_tuples_inserted(c.oid) AS rows_inserted,
    pg_stat_get_tuples_updated(c.oid) AS rows_updated,
    pg_stat_get_tuples_deleted(c.oid) AS rows_deleted,
    pg_stat_get_tuples_hot_updated(c.oid) AS rows_hot_updated,
    pg_stat_get_live_tuples(c.oid) AS live_rows,
    pg_stat_get_dead_tuples(c.oid) AS dead_rows,
    known.changes AS rows_modified_since_analyze,
    greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid))::text AS last_vacuum_at,
    known.analyzed_at::text AS last_analyze_at,
    CASE WHEN c.relkind IN ('r', 'm') THEN age(c.relfrozenxid) ELSE 0 END AS frozen_age,
    c.relrowsecurity AS has_row_security,
    coalesce(c.reloptions, '{}')::text[] AS parameters,
    CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) ELSE '' END AS partition_key,
    -- A bound names no column; 0 spares the server to look up the table.
    coalesce(pg_get_expr(c.relpartbound, 0), '') AS bound
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN (
    SELECT i.indrelid, sum(x.relpages) AS pages, sum(pg_stat_get_numscans(x.oid)) AS scans
    FROM pg_index i
    JOIN pg_class x ON x.oid = i.indexrelid
    GROUP BY i.indrelid
) AS built ON built.indrelid = c.oid
CROSS JOIN LATERAL (
    SELECT
        counted.*,
        counted.changes = 0 AND counted.analyzed_at IS NOT NULL AS is_counted,
        (SELECT current_setting('block_size')::bigint) AS block_bytes
    FROM (
        SELECT
            pg_stat_get_mod_since_analyze(c.oid) AS changes,
            greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)) AS analyzed_at
    ) AS counted
) AS known
WHERE c.relkind IN ('r', 'p', 'm', 'f')
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg\_toast%%'
  AND c.relname NOT IN ('alembic_version', 'pgwright_refreshes') -- Alembic's own, and the runtime's
  AND c.oid <> ALL(%(locked)s) -- their size would have to be waited for
  -- What an extension brought is not the user's to change.
  AND NOT EXISTS (
      SELECT FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY n.nspname, c.relname
