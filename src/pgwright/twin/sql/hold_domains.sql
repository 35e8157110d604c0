-- Refuses the superuser's transaction where reading a value could run a function of the source, now or before it ends.
-- A lock on a catalog is given back before its writer commits; so nobody else may be in a transaction either.
-- Extensions' domains are the superuser's (oid 10), and nobody else can change those.
SELECT pg_stat_clear_snapshot();
LOCK TABLE pg_constraint IN SHARE MODE;
DO $$ BEGIN
    IF EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND usesysid <> 10 AND backend_type = 'client backend'
            AND state IS DISTINCT FROM 'idle') THEN
        RAISE EXCEPTION 'another session of the twin is at work';
    END IF;
    IF EXISTS (
        SELECT FROM pg_constraint c LEFT JOIN pg_type t ON t.oid = c.contypid
        WHERE c.contypid <> 0 AND c.contype = 'c' AND c.oid >= 16384 AND t.typowner IS DISTINCT FROM 10) THEN
        RAISE EXCEPTION 'the CHECK of a domain would be run';
    END IF;
    IF EXISTS (
        SELECT FROM pg_type t JOIN pg_proc p ON p.oid = t.typinput JOIN pg_language l ON l.oid = p.prolang
        WHERE l.lanname NOT IN ('internal', 'c')) THEN
        RAISE EXCEPTION 'the input function of a type would be run';
    END IF;
END $$;
