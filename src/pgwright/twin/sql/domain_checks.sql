-- A row is the CHECK of a domain, whoever owns it, but for extensions', which are the superuser's (oid 10): the
-- statements that drop it, and that add it again without a look at any row.
SELECT
    format('ALTER DOMAIN %s DROP CONSTRAINT %I', t.name, c.conname),
    format('ALTER DOMAIN %s ADD CONSTRAINT %I CHECK (%s) NOT VALID', t.name, c.conname,
        pg_get_expr(c.conbin, 0))
FROM pg_constraint c
JOIN LATERAL (
    SELECT format('%I.%I', n.nspname, t.typname) AS name
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.oid = c.contypid AND t.typowner <> 10
) AS t ON true
WHERE c.contype = 'c' AND c.oid >= 16384
ORDER BY c.oid
