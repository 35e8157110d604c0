-- What revisions may do in production that the owner of a twin may not: extensions and roles, within limits.
CREATE SCHEMA pgwright_lint;
GRANT USAGE ON SCHEMA pgwright_lint TO pgwright_owner;

CREATE TABLE pgwright_lint.extension (name text PRIMARY KEY);

CREATE FUNCTION pgwright_lint.make_extension(wanted text, place text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = wanted) THEN
        RETURN 'the server of the twin lacks it';
    ELSIF NOT EXISTS (SELECT FROM pgwright_lint.extension WHERE name = wanted) THEN
        RETURN 'it may reach outside of the server';
    END IF;
    EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA %I', wanted, place);
    RETURN '';
END $$;

CREATE FUNCTION pgwright_lint.drop_extension(unwanted text, behavior text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pgwright_lint.extension WHERE name = unwanted) THEN
        EXECUTE format('DROP EXTENSION IF EXISTS %I %s', unwanted, CASE behavior WHEN 'cascade' THEN 'CASCADE' ELSE '' END);
    END IF;
END $$;

CREATE FUNCTION pgwright_lint.make_role(wanted text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- One that was there before, as the superuser, is nobody's to be given.
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) AND wanted NOT LIKE 'pg\_%' AND wanted <> 'public' THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        EXECUTE format('GRANT %I TO pgwright_owner', wanted);
    END IF;
END $$;

-- Tells the locks that are held when a command is at its end, in the last of its transactions.
CREATE FUNCTION pgwright_lint.report_locks() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.current_setting('pgwright_lint.reports', true) = 'on' THEN
        RAISE INFO 'pgwright_lint locks %', (
            SELECT pg_catalog.string_agg(relation::int8 || ':' || mode, ',') FROM pg_catalog.pg_locks
            WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted
        );
    END IF;
END $$;
CREATE EVENT TRIGGER pgwright_lint ON ddl_command_end WHEN TAG IN ('CREATE INDEX', 'DROP INDEX', 'ALTER TABLE')
    EXECUTE FUNCTION pgwright_lint.report_locks();
