-- Raise unless a backfill is done.
DO $pgwright$
BEGIN
    IF NOT EXISTS (SELECT FROM STATE_TABLE WHERE name = BACKFILL_NAME AND state = 'done') THEN
        RAISE EXCEPTION 'the backfill % is not done', BACKFILL_NAME
            USING HINT = 'Run it first, by pgwright backfill, then run this again.';
    END IF;
END $pgwright$
