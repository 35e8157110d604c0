-- Store a declaration; one of that name with another text is an error, the same one is left as it is.
DO $pgwright$
BEGIN
    INSERT INTO STATE_TABLE (name, table_schema, table_name, sets, condition, key, reads, search_path)
    SELECT BACKFILL_NAME, n.nspname, c.relname, SETS::jsonb, CONDITION, KEY::jsonb, READS, (
        SELECT COALESCE(pg_catalog.string_agg(pg_catalog.quote_ident(s.name), ', ' ORDER BY s.place), '""')
        FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY AS s (name, place))
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = TARGET_NAME::regclass
    ON CONFLICT (name) DO NOTHING;
    IF NOT EXISTS (
        SELECT FROM STATE_TABLE s
        JOIN pg_catalog.pg_namespace n ON n.nspname = s.table_schema
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.table_name
        WHERE s.name = BACKFILL_NAME AND c.oid = TARGET_NAME::regclass
          AND s.sets = SETS::jsonb AND s.condition = CONDITION AND s.key = KEY::jsonb) THEN
        RAISE EXCEPTION 'a backfill named % is declared already, and says something else', BACKFILL_NAME
            USING HINT = 'Drop that one first, by op.drop_backfill, or give this one a name of its own.';
    END IF;
END $pgwright$
