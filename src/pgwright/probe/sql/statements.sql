-- A row is one statement that ran in this database. /*relation*/ is the call of the function
-- pg_stat_statements.
SELECT s.queryid AS query_id, s.query AS text, s.calls, s.total_exec_time AS total_ms
FROM /*relation*/ s
WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
  AND s.queryid IS NOT NULL
  AND s.calls > 0
ORDER BY s.total_exec_time DESC
LIMIT %(limit)s
