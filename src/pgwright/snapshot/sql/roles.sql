-- A row is a role that may log in.
SELECT r.rolname AS name, r.rolsuper AS is_superuser, r.rolbypassrls AS bypasses_row_security
FROM pg_roles r
WHERE r.rolcanlogin
ORDER BY r.rolname
