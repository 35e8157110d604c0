-- A row is a policy that shows one role only the rows that live.
SELECT p.schemaname, p.tablename, p.roles[1]::text AS role,
       EXISTS (SELECT FROM pg_policies o
               WHERE o.schemaname = p.schemaname AND o.tablename = p.tablename AND o.policyname = :all_rows) AS all_rows
FROM pg_policies p
WHERE p.schemaname IN :schemas AND starts_with(p.policyname, 'living_rows_') AND p.permissive = 'RESTRICTIVE'
  AND cardinality(p.roles) = 1
ORDER BY p.schemaname, p.tablename, role
