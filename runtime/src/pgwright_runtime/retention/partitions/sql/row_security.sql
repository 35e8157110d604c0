-- A row is a statement that gives the row security of one table to another.
SELECT s.statement
FROM (
    SELECT 1 AS place, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', CAST(:target AS text)) AS statement
    FROM pg_class c
    WHERE c.oid = :source AND c.relrowsecurity
    UNION ALL
    SELECT 2, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', CAST(:target AS text))
    FROM pg_class c
    WHERE c.oid = :source AND c.relforcerowsecurity
    UNION ALL
    SELECT 3, format(
        'CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', p.polname, CAST(:target AS text),
        CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
            ELSE 'ALL' END,
        (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ')
         FROM unnest(p.polroles) r),
        ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
        ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    )
    FROM pg_policy p
    WHERE p.polrelid = :source
) AS s
ORDER BY s.place, s.statement
