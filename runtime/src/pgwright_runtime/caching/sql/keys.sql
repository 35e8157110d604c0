-- A relation, the column that is its whole primary key, and whether that is a UUID; NULL where it is neither an integer
-- nor a UUID, or is computed from other columns. Types of other kinds may have several texts for one value.
SELECT relname, attname, atttypid = 'uuid'::regtype
FROM pg_class
LEFT JOIN pg_index ON indrelid = pg_class.oid AND indisprimary AND indnkeyatts = 1
LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum = indkey[0] AND attgenerated = ''
  AND atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype)
WHERE relkind IN ('r', 'p', 'v', 'm', 'f')
  AND relnamespace <> 'pg_catalog'::regnamespace AND relnamespace <> 'information_schema'::regnamespace
