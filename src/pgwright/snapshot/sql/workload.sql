-- One row: how much ran in this database, and how much of it is hidden from our role. /*relation*/ is as in statements.
SELECT
    count(*) AS statements,
    coalesce(sum(s.total_exec_time), 0)::float8 AS total_ms,
    count(*) FILTER (WHERE s.queryid IS NULL) AS hidden,
    coalesce(sum(s.total_exec_time) FILTER (WHERE s.queryid IS NULL), 0)::float8 AS hidden_ms,
    current_setting('pg_stat_statements.track', true) AS track,
    current_setting('pg_stat_statements.track_utility', true) AS tracks_commands,
    -- Exists from PostgreSQL 14 on.
    current_setting('compute_query_id', true) AS computes_ids
FROM /*relation*/ s
WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) AND s.calls > 0
