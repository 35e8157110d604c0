DO $block$
BEGIN
    IF EXISTS (SELECT FROM pg_index WHERE indexrelid = {index}::regclass AND NOT indisvalid) THEN
        RAISE EXCEPTION '% is not whole: partitions were added to its table since this was written', {index}
            USING HINT = 'Create the index on each of them and attach it: ALTER INDEX ... ATTACH PARTITION ...';
    END IF;
END $block$
