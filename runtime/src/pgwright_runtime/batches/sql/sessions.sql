-- One row: how many sessions of others run a statement in this database, and whether the role may see all of them.
SELECT
    pg_catalog.count(*) FILTER (
        -- Who waits for a lock or for its client uses no processor and no disk.
        WHERE a.state = 'active' AND COALESCE(a.wait_event_type, '') NOT IN ('Lock', 'Client')) AS active,
    pg_catalog.bool_and(a.state IS NOT NULL) AS is_visible
FROM pg_catalog.pg_stat_activity a
WHERE a.datname = pg_catalog.current_database()
  -- A role that may not see a session is told of its database alone.
  AND COALESCE(a.backend_type, 'client backend') = 'client backend'
  AND a.pid <> pg_catalog.pg_backend_pid()
