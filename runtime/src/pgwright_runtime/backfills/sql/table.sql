-- The table of backfills, made where it is missing. Everybody may see how far they are, and only its owner writes it.
DO $pgwright$
DECLARE
    grantee text;
    writers text;
BEGIN
    IF pg_catalog.to_regclass(STATE_NAME) IS NULL THEN
        CREATE TABLE STATE_TABLE (
            name text PRIMARY KEY,
            state text NOT NULL DEFAULT 'declared' CHECK (state IN ('declared', 'running', 'done')),
            table_schema text NOT NULL,
            table_name text NOT NULL,
            sets jsonb NOT NULL,
            condition text NOT NULL,
            key jsonb NOT NULL,
            reads text NOT NULL,
            search_path text NOT NULL,
            walked bigint NOT NULL DEFAULT 0,
            total bigint,
            changed bigint NOT NULL DEFAULT 0,
            stepped_over bigint NOT NULL DEFAULT 0,
            rate double precision,
            declared_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
            started_at timestamptz,
            updated_at timestamptz,
            done_at timestamptz,
            -- Keys of rows, which not everybody may see.
            position jsonb,
            failed jsonb
        );
        -- Default privileges may have given it away, and with it the rights of whoever runs what it holds.
        FOR grantee IN
            SELECT DISTINCT
                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
            FROM pg_catalog.pg_class c
            CROSS JOIN pg_catalog.aclexplode(c.relacl) AS a
            WHERE c.oid = pg_catalog.to_regclass(STATE_NAME) AND a.grantee <> c.relowner
        LOOP
            EXECUTE pg_catalog.format('REVOKE ALL ON TABLE %s FROM %s', pg_catalog.to_regclass(STATE_NAME), grantee);
        END LOOP;
        GRANT SELECT (name, state, table_schema, table_name, sets, condition, key, reads, search_path, walked, total,
            changed, stepped_over, rate, declared_at, started_at, updated_at, done_at) ON STATE_TABLE TO PUBLIC;
    END IF;
    SELECT pg_catalog.string_agg(w.role_name, ', ') INTO writers
    FROM (
        WITH state_table AS (SELECT pg_catalog.to_regclass(STATE_NAME)::oid AS oid)
        WRITERS
    ) AS w;
    IF writers IS NOT NULL THEN
        RAISE EXCEPTION '% may be written by %, whom this role has no reason to trust', STATE_NAME, writers
            USING HINT = 'Run the migrations as its owner, or give it to this role: ALTER TABLE … OWNER TO.';
    END IF;
END $pgwright$
