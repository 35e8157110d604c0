-- One row: a key of one of the app's tables, foreign keys first.
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint
-- Later versions list NOT NULL too; those stay.
WHERE contype IN ('f', 'p')
  AND conrelid = ANY (%(tables)s::regclass[])
ORDER BY contype, conname
