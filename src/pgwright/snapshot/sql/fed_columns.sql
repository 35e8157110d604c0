-- A row is a sequence that feeds a column, and the column; of several, the narrowest.
-- A query of its own: joined with the sequences, it was planned as a loop over all pairs.
WITH feeds AS (
    -- Owned by (serial: auto, identity: internal).
    SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS number, true AS is_owner
    FROM pg_depend d
    JOIN pg_sequence s ON s.seqrelid = d.objid
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
        FROM (
            SELECT adrelid, adnum, adbin FROM pg_attrdef
            -- 1079 is regclass(text), by which few defaults find their sequence: only those are made text.
            WHERE adrelid = ANY(%(oids)s) AND strpos(adbin::text, ':funcid 1079 ') > 0
            OFFSET 0
        ) AS unlocked
    ) AS ad
    JOIN pg_class c ON c.relkind = 'S'
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE strpos(ad.text, '::text)::regclass)') > 0
      AND replace(substring(ad.text FROM 'nextval[(][(]''((?:[^'']|'''')+)''::text'), '''''', '''')
          IN (quote_ident(c.relname), concat_ws('.', quote_ident(n.nspname), quote_ident(c.relname)))
)
SELECT DISTINCT ON (feeding.sequence)
    feeding.sequence::bigint AS sequence_oid, feeding.schema, feeding.relation AS table, feeding.attname AS column,
    feeding.most
FROM (
    SELECT f.sequence, f.is_owner, f.number, tn.nspname AS schema, t.relname AS relation, t.relispartition, a.attname,
        CASE coalesce(nullif(ty.typbasetype, 0), ty.oid)
            WHEN 'int2'::regtype THEN 32767
            WHEN 'int4'::regtype THEN 2147483647
        END AS most
    FROM feeds f
    JOIN pg_class t ON t.oid = f.relation AND t.relkind IN ('r', 'p', 'f')
    JOIN pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = f.number AND NOT a.attisdropped
    JOIN pg_type ty ON ty.oid = a.atttypid
    WHERE f.sequence IN (SELECT seqrelid FROM pg_sequence)
) AS feeding
-- A partition has the default of its parent, and so has a table that inherits.
ORDER BY feeding.sequence, most NULLS LAST, is_owner DESC, relispartition, schema, relation, number
