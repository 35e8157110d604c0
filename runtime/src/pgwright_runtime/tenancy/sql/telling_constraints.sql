-- A row is a foreign key, or a unique or exclusion constraint or index, that leaves the tenant's column out. A primary
-- key is none of them: its values are seldom the app's choice.
WITH tenants AS (
    SELECT c.oid, n.nspname || '.' || c.relname AS name, a.attnum
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = :column
    WHERE n.nspname = :schema AND c.relname = :table AND has_any_column_privilege(c.oid, 'INSERT, UPDATE')
)
SELECT tenants.name || '.' || k.conname AS name, 'references' AS kind, fn.nspname || '.' || f.relname AS referenced
FROM tenants
JOIN pg_constraint k ON k.conrelid = tenants.oid AND k.contype = 'f' AND NOT tenants.attnum = ANY (k.conkey)
JOIN pg_class f ON f.oid = k.confrelid
JOIN pg_namespace fn ON fn.oid = f.relnamespace
UNION ALL
SELECT tenants.name || '.' || i.relname, 'unique', NULL
FROM tenants
JOIN pg_index x ON x.indrelid = tenants.oid AND (x.indisunique OR x.indisexclusion) AND NOT x.indisprimary
                AND NOT tenants.attnum = ANY (x.indkey)
JOIN pg_class i ON i.oid = x.indexrelid
ORDER BY 1
