-- A row is a role that ran a statement in this database. /*relation*/ is as in statements.
SELECT DISTINCT r.rolname AS name
FROM /*relation*/ s
JOIN pg_roles r ON r.oid = s.userid
WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
ORDER BY 1
