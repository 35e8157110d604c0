-- One row: the server, the database and the role we read with.
SELECT
    current_database() AS database,
    current_user AS role,
    (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) AS role_is_superuser,
    pg_postmaster_start_time()::text AS started_at,
    -- After a crash the counters start at 0 and this database has no reset on record; the shared ones then have. A person
    -- may reset one of these without the others.
    greatest(
        s.stats_reset,
        least((SELECT b.stats_reset FROM pg_stat_bgwriter b), (SELECT a.stats_reset FROM pg_stat_archiver a))
    )::text AS statistics_reset_at,
    pg_is_in_recovery() AS is_standby,
    (SELECT count(*) FROM pg_stat_get_wal_senders()) AS replica_count,
    s.blks_hit AS blocks_hit,
    s.blks_read AS blocks_read,
    (SELECT array_agg(e.extname::text ORDER BY e.extname) FROM pg_extension e) AS extensions,
    (SELECT array_agg(a.name::text ORDER BY a.name) FROM pg_available_extensions a) AS available_extensions,
    age(d.datfrozenxid) AS transaction_id_age,
    d.datcollate AS collation,
    -- Other providers exist from PostgreSQL 15 on; the column that names their locale was renamed in 17.
    CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'b' THEN 'builtin' WHEN 'i' THEN 'icu' ELSE 'libc' END AS locale_provider,
    coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale,
    EXISTS (
        SELECT FROM pg_namespace n
        CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
        -- Grantee 0 is PUBLIC.
        WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE'
    ) AS public_may_create,
    -- Before PostgreSQL 15 a member sees what others do, whether it inherits or not.
    pg_has_role(
        current_user,
        'pg_monitor',
        CASE WHEN current_setting('server_version_num')::int < 150000 THEN 'MEMBER' ELSE 'USAGE' END
    ) AS may_monitor,
    pg_has_role(current_user, 'pg_monitor', 'MEMBER') AS is_monitor,
    -- From PostgreSQL 16 on each membership says for itself whether it inherits; the role, what a new one will say.
    (SELECT r.rolinherit FROM pg_roles r WHERE r.rolname = current_user) AND NOT EXISTS (
        SELECT FROM pg_auth_members m
        WHERE m.member = (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user)
          AND NOT coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
    ) AS does_inherit,
    -- The app's role rather than a reader's: it is at work elsewhere, or may write.
    EXISTS (
        SELECT FROM pg_stat_activity a
        WHERE a.usename = current_user AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
          AND a.application_name NOT LIKE 'pgwright%'
    ) OR EXISTS (
        SELECT FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND n.nspname NOT LIKE 'pg\_%' AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE')
    ) AS is_of_app,
    -- What a new role would read; pg_stat_statements may have a schema of its own.
    (SELECT coalesce(array_agg(DISTINCT n.nspname::text ORDER BY n.nspname::text), '{}')
     FROM pg_namespace n
     WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' AND (
         EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'm', 'f', 'S'))
         OR EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = n.oid AND e.extname = 'pg_stat_statements')
     )) AS schemas,
    EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'pgwright_reader') AS has_reader,
    has_database_privilege('public', d.oid, 'CONNECT') AS is_open,
    -- Who grants where nobody is a superuser: Amazon, Azure, Google, Neon, DigitalOcean, Aiven; at Supabase it is postgres.
    (SELECT CASE r.rolname WHEN 'supabase_admin' THEN 'postgres' ELSE r.rolname END
     FROM pg_roles r
     WHERE r.rolname IN (
         'rds_superuser', 'azure_pg_admin', 'cloudsqlsuperuser', 'alloydbsuperuser', 'supabase_admin', 'neon_superuser',
         'doadmin', 'avnadmin'
     )
     ORDER BY 1
     LIMIT 1) AS administrator
FROM pg_database d
LEFT JOIN pg_stat_database s ON s.datid = d.oid
WHERE d.datname = current_database()
