-- A row is one statement that ran in this database. /*relation*/ is the call of the function pg_stat_statements.
SELECT
    s.queryid AS query_id,
    s.query AS text,
    r.rolname AS role,
    s.calls,
    s.total_exec_time AS total_ms,
    s.mean_exec_time AS mean_ms,
    s.max_exec_time AS max_ms,
    s.stddev_exec_time AS deviation_ms,
    s.rows,
    s.shared_blks_hit AS blocks_hit,
    s.shared_blks_read AS blocks_read,
    s.temp_blks_written AS temporary_blocks_written
FROM /*relation*/ s
LEFT JOIN pg_roles r ON r.oid = s.userid
WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  -- Without the right to see it, a statement has no id.
  AND s.queryid IS NOT NULL
  AND s.calls > 0
ORDER BY s.total_exec_time DESC
LIMIT %(limit)s
