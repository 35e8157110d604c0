-- A row is a view of living rows, with the comment that says so, and its columns.
SELECT n.nspname, c.relname, d.description,
       array(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
WHERE c.relkind = 'v' AND n.nspname IN :schemas AND starts_with(d.description, :comment)
ORDER BY n.nspname, c.relname
