-- A row is a sequence, with the column that it feeds where one is known; of several, the narrowest.
WITH feeds AS (
    -- Owned by (serial: auto, identity: internal).
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number, true AS is_owner
    FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    -- Owned by none, and a default draws from it.
    SELECT d.refobjid, ad.adrelid, ad.adnum, false
    FROM pg_depend d
    JOIN pg_attrdef ad ON d.classid = 'pg_attrdef'::regclass AND ad.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass
    UNION
    -- By its name in a text, nextval('s'::text), which is looked up when a row comes: nothing is recorded of it.
    SELECT c.oid, ad.adrelid, ad.adnum, false
    FROM (
        -- Of the tables whose oids are given: pg_get_expr waits for one that somebody locks.
        SELECT adrelid, adnum, pg_get_expr(adbin, adrelid) AS text
        FROM (SELECT adrelid, adnum, adbin FROM pg_attrdef WHERE adrelid = ANY(%(oids)s) OFFSET 0) AS unlocked
    ) AS ad
    JOIN pg_class c ON c.relkind = 'S'
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE strpos(ad.text, '::text)::regclass)') > 0
      AND replace(substring(ad.text FROM 'nextval[(][(]''((?:[^'']|'''')+)''::text'), '''''', '''')
          IN (quote_ident(c.relname), concat_ws('.', quote_ident(n.nspname), quote_ident(c.relname)))
)
SELECT
    s.schemaname AS schema,
    s.sequencename AS name,
    fed.schema AS table_schema,
    fed.relation AS table_name,
    fed.attname AS column,
    s.last_value,
    s.increment_by AS increment,
    s.cycle AS starts_over,
    least(s.max_value, fed.most) AS limit
FROM pg_sequences s
JOIN pg_namespace n ON n.nspname = s.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.sequencename AND c.relkind = 'S'
LEFT JOIN LATERAL (
    SELECT tn.nspname AS schema, t.relname AS relation, a.attname,
        CASE coalesce(nullif(ty.typbasetype, 0), ty.oid)
            WHEN 'int2'::regtype THEN 32767
            WHEN 'int4'::regtype THEN 2147483647
        END AS most
    FROM feeds f
    JOIN pg_class t ON t.oid = f.relation AND t.relkind IN ('r', 'p', 'f')
    JOIN pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = f.number AND NOT a.attisdropped
    JOIN pg_type ty ON ty.oid = a.atttypid
    WHERE f.sequence = c.oid
    -- A partition has the default of its parent, and so has a table that inherits.
    ORDER BY most NULLS LAST, f.is_owner DESC, t.relispartition, tn.nspname, t.relname, a.attnum
    LIMIT 1
) AS fed ON true
ORDER BY s.schemaname, s.sequencename
