-- One row for each role that may write the table and is neither this one nor a superuser nor the database's owner.
SELECT COALESCE(r.rolname, 'PUBLIC') AS role_name
FROM state_table s
JOIN pg_catalog.pg_class c ON c.oid = s.oid
CROSS JOIN LATERAL (
    SELECT c.relowner AS role
    UNION
    SELECT a.grantee
    FROM pg_catalog.aclexplode(c.relacl) AS a
    WHERE a.privilege_type IN ('INSERT', 'UPDATE', 'TRIGGER')
    UNION
    SELECT a.grantee
    FROM pg_catalog.pg_attribute t
    CROSS JOIN pg_catalog.aclexplode(t.attacl) AS a
    WHERE t.attrelid = c.oid AND a.privilege_type IN ('INSERT', 'UPDATE')
) AS w
LEFT JOIN pg_catalog.pg_roles r ON r.oid = w.role
WHERE r.rolname IS DISTINCT FROM current_user
  AND NOT COALESCE(r.rolsuper, false)
  AND w.role <> (SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
ORDER BY 1
