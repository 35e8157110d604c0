-- Do a small table there and then: the revisions of a new installation have nothing to wait for.
DO $pgwright$
#variable_conflict use_column
BEGIN
    IF pg_catalog.row_security_active(TARGET_NAME::regclass) OR (
        SELECT pg_catalog.sum(pg_catalog.pg_relation_size(p.relid))
        FROM (
            SELECT TARGET_NAME::regclass
            UNION
            SELECT t.relid FROM pg_catalog.pg_partition_tree(TARGET_NAME::regclass) AS t WHERE t.isleaf
        ) AS p (relid)) > SMALL_BYTES THEN
        RETURN;
    END IF;
    BEGIN
        UPDATE TARGET_TABLE SET ASSIGNMENTS WHERE CONDITION;
    EXCEPTION WHEN OTHERS THEN
        RETURN; -- some row cannot be done; the run says which
    END;
    UPDATE STATE_TABLE SET state = 'done', started_at = pg_catalog.clock_timestamp(), done_at = pg_catalog.clock_timestamp()
    WHERE name = BACKFILL_NAME AND state <> 'done' AND NOT EXISTS (SELECT FROM TARGET_TABLE WHERE CONDITION);
END $pgwright$
