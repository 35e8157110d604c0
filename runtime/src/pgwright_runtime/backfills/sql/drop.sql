-- Forget a backfill.
DO $pgwright$
BEGIN
    IF pg_catalog.to_regclass(STATE_NAME) IS NOT NULL THEN
        DELETE FROM STATE_TABLE WHERE name = BACKFILL_NAME;
    END IF;
END $pgwright$
