-- Add a constraint that existing rows need not meet yet; what an interrupted run added stays.
DO $pgwright$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint c
        WHERE c.conrelid = TARGET_NAME::regclass AND c.conname = CONSTRAINT_NAME) THEN
        ALTER TABLE TARGET_TABLE ADD CONSTRAINT CONSTRAINT_QUOTED DEFINITION NOT VALID;
    END IF;
END $pgwright$
