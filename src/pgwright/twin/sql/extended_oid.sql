-- A row is the named extended statistics, with the numbers of its table's columns by name.
SELECT e.oid::int8, (
    SELECT jsonb_object_agg(a.attname, a.attnum) FROM pg_attribute a WHERE a.attrelid = e.stxrelid AND a.attnum > 0)
FROM pg_statistic_ext e JOIN pg_namespace n ON n.oid = e.stxnamespace
WHERE n.nspname = %s AND e.stxname = %s
