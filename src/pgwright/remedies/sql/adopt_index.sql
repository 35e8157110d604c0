DO $block$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = {table_name}::regclass AND conname = {name}
    ) THEN
        ALTER TABLE {table}
            ADD CONSTRAINT {constraint} UNIQUE USING INDEX {index};
    END IF;
END $block$
