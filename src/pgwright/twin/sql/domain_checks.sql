-- A row is a CHECK of a domain of the owner's: what drops it, and what makes it again. A domain that is the type of an
-- array's elements takes none that would have to be validated; there are no rows.
SELECT format('ALTER DOMAIN %s DROP CONSTRAINT %I', t.oid::regtype, c.conname),
    format('ALTER DOMAIN %s ADD CONSTRAINT %I CHECK (%s) NOT VALID',
        t.oid::regtype, c.conname, pg_get_expr(c.conbin, 0))
FROM pg_constraint c JOIN pg_type t ON t.oid = c.contypid
WHERE c.contype = 'c' AND t.typowner = 'pgwright_owner'::regrole
