-- A row is a client's connection to this server, but our own.
SELECT
    coalesce(a.application_name, '') AS application,
    coalesce(a.usename, '') AS role,
    coalesce(a.datname, '') AS database,
    coalesce(a.state, '') AS state,
    coalesce(extract(epoch FROM clock_timestamp() - a.state_change), 0)::float8 AS state_seconds,
    coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8 AS transaction_seconds
FROM pg_stat_activity a
WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
ORDER BY transaction_seconds DESC
