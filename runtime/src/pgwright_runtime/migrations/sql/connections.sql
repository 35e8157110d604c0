-- One row: how many of the connections for ordinary roles are used.
SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.backend_type = 'client backend') AS used,
    pg_catalog.current_setting('max_connections')::integer AS most
