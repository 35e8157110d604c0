-- The row is our role, and what it is besides an ordinary one; null when it is nothing else.
SELECT current_user, (
    SELECT CASE
        WHEN pg_catalog.bool_or(r.rolsuper) THEN 'a superuser'
        WHEN pg_catalog.bool_or(r.rolcreaterole) THEN 'a role that may make roles'
        WHEN pg_catalog.bool_or(r.rolreplication) THEN 'a role for replication'
        WHEN pg_catalog.bool_or(r.rolname IN (
            'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
            THEN 'a role that reaches files and programs of the server'
    END
    FROM pg_catalog.pg_roles r
    WHERE pg_catalog.pg_has_role(r.oid, 'member'))
