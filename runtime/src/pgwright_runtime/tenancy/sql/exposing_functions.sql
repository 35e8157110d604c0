-- A row is a function that the role may call and that runs as somebody whom the policies do not hold.
SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name,
       o.rolname::text AS owner
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
JOIN pg_roles o ON o.oid = p.proowner
WHERE p.prosecdef AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND n.nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
  AND (o.rolsuper OR o.rolbypassrls
       OR EXISTS (SELECT FROM pg_class t
                  WHERE t.relowner = o.oid AND t.relrowsecurity AND NOT t.relforcerowsecurity))
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1
