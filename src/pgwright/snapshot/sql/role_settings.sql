-- A row is a setting fixed by ALTER ROLE or ALTER DATABASE, as it holds in this database: the one for it beats the other.
SELECT DISTINCT ON (1, 2)
    coalesce(r.rolname, '') AS role,
    split_part(c.entry, '=', 1) AS name,
    substr(c.entry, strpos(c.entry, '=') + 1) AS value
FROM pg_db_role_setting d
LEFT JOIN pg_roles r ON r.oid = d.setrole
CROSS JOIN LATERAL unnest(d.setconfig) AS c(entry)
WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  -- Of a role that was dropped nothing is left; role 0 means all.
  AND (d.setrole = 0 OR r.rolname IS NOT NULL)
ORDER BY 1, 2, d.setdatabase = 0
