-- A row is a statement that gives the privileges of one table on another: first what its defaults gave is taken back.
WITH given AS (
    SELECT c.oid, c.relowner AS owner, '' AS columns, e.*
    FROM pg_class c, aclexplode(c.relacl) e
    UNION ALL
    SELECT c.oid, c.relowner, format(' (%I)', a.attname), e.*
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped, aclexplode(a.attacl) e
),
statements AS (
    SELECT DISTINCT 1 AS place, format(
        'REVOKE ALL ON TABLE %s FROM %s', CAST(:target AS text),
        CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END
    ) AS statement
    FROM given g
    WHERE g.oid = to_regclass(CAST(:target AS text)) AND g.grantee <> g.owner
    UNION ALL
    SELECT 2, format(
        'GRANT %s%s ON TABLE %s TO %s%s', g.privilege_type, g.columns, CAST(:target AS text),
        CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
        CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
    )
    FROM given g
    WHERE g.oid = :source AND g.grantee <> g.owner
)
SELECT statement FROM statements ORDER BY place, statement
