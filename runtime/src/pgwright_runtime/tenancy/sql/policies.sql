-- A row is a policy of a table, or a table without any.
SELECT n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity,
       p.policyname, p.permissive, p.roles::text[] AS roles, p.cmd, p.qual, p.with_check
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_policies p ON p.schemaname = n.nspname AND p.tablename = c.relname
WHERE c.relkind IN ('r', 'p') AND n.nspname IN :schemas
ORDER BY n.nspname, c.relname, p.policyname
