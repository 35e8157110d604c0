-- The row is our role, and what it is besides an ordinary one; null when it is nothing else.
-- Of the session: whatever role it has set, a function may reset that.
WITH mine AS (
    SELECT r.* FROM pg_catalog.pg_roles r WHERE pg_catalog.pg_has_role(session_user, r.oid, 'member')
)
SELECT session_user, coalesce((
    SELECT CASE
        WHEN pg_catalog.bool_or(r.rolsuper) THEN 'a superuser'
        WHEN pg_catalog.bool_or(r.rolcreaterole) THEN 'a role that may make roles'
        WHEN pg_catalog.bool_or(r.rolreplication) THEN 'a role for replication'
        WHEN pg_catalog.bool_or(r.rolname IN (
            'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
            THEN 'a role that reaches files and programs of the server'
        WHEN pg_catalog.bool_or(r.rolname = 'pg_create_subscription')
            THEN 'a role that may subscribe to other servers'
        WHEN pg_catalog.bool_or(r.rolname = 'pg_signal_backend')
            THEN 'a role that may end the sessions of others'
    END
    FROM mine r), (
    -- Copies of another run, or of one that was killed, are nothing that could be harmed.
    SELECT 'the owner of the database ' || pg_catalog.quote_ident(pg_catalog.min(d.datname::text))
    FROM pg_catalog.pg_database d JOIN mine r ON r.oid = d.datdba
    WHERE d.datname !~ '^pgwright_(before|after)_[0-9a-f]{8}$'), (
    SELECT 'the owner of the tablespace ' || pg_catalog.quote_ident(pg_catalog.min(t.spcname::text))
    FROM pg_catalog.pg_tablespace t JOIN mine r ON r.oid = t.spcowner))
