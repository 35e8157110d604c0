-- What PostgreSQL 15 lets the owner of a copy be granted: rows come and go without their children noticing.
CREATE FUNCTION pg_catalog.pgwright_without_triggers() RETURNS text LANGUAGE sql SECURITY DEFINER
AS $$ SELECT pg_catalog.set_config('session_replication_role', 'replica', true) $$
