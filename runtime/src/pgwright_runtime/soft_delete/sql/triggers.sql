-- A row is a trigger of a table, and the body of its function.
SELECT n.nspname, c.relname, t.tgname, p.prosrc
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_proc p ON p.oid = t.tgfoid
WHERE n.nspname IN :schemas
  AND t.tgname IN :names
  -- Those of partitions belong to the partitioned table.
  AND t.tgparentid = 0
ORDER BY n.nspname, c.relname, t.tgname
