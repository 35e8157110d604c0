-- One row for each replica: what it has not replayed. A role that may not see it gets NULL.
SELECT
    COALESCE(NULLIF(r.application_name, ''), 'of process ' || r.pid) AS name,
    r.state IS NOT NULL AS is_visible,
    -- A receiver of the log alone, such as pg_receivewal, replays nothing.
    pg_catalog.pg_wal_lsn_diff(
        pg_catalog.pg_current_wal_lsn(), COALESCE(r.replay_lsn, r.flush_lsn, r.write_lsn))::double precision AS bytes,
    EXTRACT(epoch FROM r.replay_lag)::double precision AS seconds
FROM pg_catalog.pg_stat_replication r
-- A base backup in progress is no replica.
WHERE r.state IS NULL OR r.state IN ('streaming', 'catchup')
