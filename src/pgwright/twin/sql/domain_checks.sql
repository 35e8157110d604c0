-- A row is a CHECK of a domain of the owner's: what drops it, and what makes it again.
SELECT format('ALTER DOMAIN %s DROP CONSTRAINT %I', t.oid::regtype, c.conname),
    format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', t.oid::regtype, c.conname, pg_get_constraintdef(c.oid))
FROM pg_constraint c JOIN pg_type t ON t.oid = c.contypid
WHERE c.contype = 'c' AND t.typowner = 'pgwright_owner'::regrole
