DO $block$
BEGIN
    ALTER SEQUENCE {sequence} AS {kind};
    IF EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = {sequence_name}::regclass AND deptype = 'a'
    ) THEN
        ALTER SEQUENCE {sequence} OWNED BY {table}.{column};
    END IF;
END $block$
