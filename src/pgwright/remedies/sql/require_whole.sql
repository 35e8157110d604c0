DO $block$
BEGIN
    IF EXISTS (
        SELECT FROM pg_index
        WHERE indexrelid = {index}::regclass AND NOT indisvalid
    ) THEN
        RAISE EXCEPTION '% is not whole: its table has new partitions', {index}
            USING HINT = 'Create the index on each of them; ALTER INDEX ... ATTACH PARTITION ...';
    END IF;
END $block$
