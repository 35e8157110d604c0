-- A row is a setting fixed by ALTER ROLE or ALTER DATABASE that holds in this database.
SELECT
    coalesce(r.rolname, '') AS role,
    split_part(c.entry, '=', 1) AS name,
    substr(c.entry, strpos(c.entry, '=') + 1) AS value
FROM pg_db_role_setting d
LEFT JOIN pg_roles r ON r.oid = d.setrole
CROSS JOIN LATERAL unnest(d.setconfig) AS c(entry)
WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
ORDER BY 1, 2
