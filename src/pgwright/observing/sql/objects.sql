-- The objects of a schema, each with its definition: what two states are compared by.
WITH app AS (
    SELECT oid, nspname FROM pg_catalog.pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgwright_lint') AND nspname !~ '^pg_(toast_)?temp_'
), of_extensions AS (
    SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
), relation AS (
    SELECT class.*, app.nspname, format('%I.%I', app.nspname, class.relname) AS called
    FROM pg_catalog.pg_class AS class JOIN app ON app.oid = class.relnamespace
    WHERE class.relname NOT IN ('alembic_version', 'alembic_version_pkc')
        AND NOT EXISTS (SELECT FROM of_extensions WHERE classid = 'pg_class'::regclass AND objid = class.oid)
)
SELECT 'schema' AS kind, nspname::text AS name, '' AS definition FROM app
UNION ALL
SELECT CASE relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
        WHEN 'f' THEN 'foreign table' WHEN 'p' THEN 'partitioned table' ELSE 'table' END, called,
    concat_ws(' ', CASE WHEN relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(oid) END, reloptions::text, relpersistence,
        CASE WHEN relrowsecurity THEN 'ROW SECURITY' END, pg_catalog.pg_get_expr(relpartbound, oid))
FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
UNION ALL
SELECT 'column', called || '.' || pg_catalog.quote_ident(attname),
    concat_ws(' ', pg_catalog.format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'NOT NULL' END,
        'DEFAULT ' || pg_catalog.pg_get_expr(adbin, adrelid), nullif(attidentity, ''), nullif(attgenerated, ''))
FROM pg_catalog.pg_attribute AS attribute
JOIN relation ON relation.oid = attribute.attrelid AND relation.relkind IN ('r', 'p', 'f')
LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 'index', of_table.called || '.' || pg_catalog.quote_ident(relation.relname),
    concat_ws(' ', pg_catalog.pg_get_indexdef(relation.oid), CASE WHEN NOT indisvalid THEN 'INVALID' END)
FROM relation JOIN pg_catalog.pg_index ON indexrelid = relation.oid JOIN relation AS of_table ON of_table.oid = indrelid
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conindid = relation.oid AND contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'constraint', called || '.' || pg_catalog.quote_ident(conname), pg_catalog.pg_get_constraintdef(constr.oid)
FROM pg_catalog.pg_constraint AS constr JOIN relation ON relation.oid = conrelid WHERE contype <> 'n'
UNION ALL
SELECT 'trigger', called || '.' || pg_catalog.quote_ident(tgname), pg_catalog.pg_get_triggerdef(pg_trigger.oid)
FROM pg_catalog.pg_trigger JOIN relation ON relation.oid = tgrelid WHERE NOT tgisinternal
UNION ALL
SELECT 'policy', called || '.' || pg_catalog.quote_ident(polname),
    concat_ws(' ', polcmd, pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid))
FROM pg_catalog.pg_policy JOIN relation ON relation.oid = polrelid
UNION ALL
SELECT 'type', format('%I.%I', nspname, typname), concat_ws(' ', typtype,
    (SELECT string_agg(enumlabel, ', ' ORDER BY enumsortorder) FROM pg_catalog.pg_enum WHERE enumtypid = type.oid),
    pg_catalog.format_type(nullif(typbasetype, 0), typtypmod), typdefault)
FROM pg_catalog.pg_type AS type JOIN app ON app.oid = typnamespace
LEFT JOIN pg_catalog.pg_class AS of_type ON of_type.oid = typrelid
WHERE typtype IN ('e', 'd', 'c', 'r') AND (typrelid = 0 OR of_type.relkind = 'c')
    AND NOT EXISTS (SELECT FROM of_extensions WHERE classid = 'pg_type'::regclass AND objid = type.oid)
UNION ALL
SELECT 'function', format('%I.%I(%s)', nspname, proname, pg_catalog.pg_get_function_identity_arguments(function.oid)),
    md5(concat_ws(' ', prosrc, prorettype::regtype::text, provolatile, prosecdef::text, proconfig::text))
FROM pg_catalog.pg_proc AS function JOIN app ON app.oid = pronamespace
WHERE NOT EXISTS (SELECT FROM of_extensions WHERE classid = 'pg_proc'::regclass AND objid = function.oid)
    -- What takes the place of an extension belongs to the superuser.
    AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles AS owner WHERE owner.oid = proowner)
UNION ALL
SELECT 'statistics', format('%I.%I', nspname, stxname), pg_catalog.pg_get_statisticsobjdef(statistics.oid)
FROM pg_catalog.pg_statistic_ext AS statistics JOIN app ON app.oid = stxnamespace
UNION ALL
SELECT 'extension', extname::text, '' FROM pg_catalog.pg_extension
