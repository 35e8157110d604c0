-- A row is a part of a table: its kind, its name, and the statement or the text that makes it again.
SELECT 'index' AS kind, x.relname AS name, pg_get_indexdef(x.oid) AS definition, obj_description(x.oid) AS comment
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid = :oid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' ELSE 'foreign key' END, k.conname,
    pg_get_constraintdef(k.oid), obj_description(k.oid)
FROM pg_constraint k
WHERE k.conrelid = :oid AND k.contype IN ('p', 'u', 'f')
UNION ALL
SELECT 'key column', a.attname, NULL, NULL
FROM pg_index i
JOIN LATERAL unnest(string_to_array(i.indkey::text, ' ')::int[]) WITH ORDINALITY AS u(attnum, place)
    ON u.place <= i.indnkeyatts
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
WHERE i.indrelid = :oid AND i.indisprimary
UNION ALL
SELECT 'trigger', g.tgname, pg_get_triggerdef(g.oid), CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
    WHEN 'A' THEN 'ENABLE ALWAYS' END
FROM pg_trigger g
WHERE g.tgrelid = :oid AND NOT g.tgisinternal
UNION ALL
SELECT CASE WHEN a.attidentity <> '' THEN 'identity' ELSE 'sequence' END, a.attname, s.oid::regclass::text,
    CASE WHEN a.attidentity <> '' THEN format(
        'ADD GENERATED %s AS IDENTITY (SEQUENCE NAME %s INCREMENT %s MINVALUE %s MAXVALUE %s START %s CACHE %s %s)',
        CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.oid::regclass, q.seqincrement, q.seqmin,
        q.seqmax, q.seqstart, q.seqcache, CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END
    ) END
FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = :oid
    AND d.deptype IN ('a', 'i')
UNION ALL
SELECT DISTINCT 'view', v.oid::regclass::text, pg_get_viewdef(v.oid), nullif(array_to_string(v.reloptions, ', '), '')
FROM pg_depend d
JOIN pg_rewrite r ON r.oid = d.objid
JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'v'
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = :oid
UNION ALL
SELECT 'publication', b.pubname, NULL, NULL
FROM pg_publication_rel q JOIN pg_publication b ON b.oid = q.prpubid
WHERE q.prrelid = :oid
UNION ALL
SELECT 'comment', c.relname, obj_description(c.oid), NULL FROM pg_class c WHERE c.oid = :oid
UNION ALL
SELECT 'replica identity', coalesce(x.relname, ''), CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING'
    WHEN 'i' THEN 'USING INDEX' ELSE 'DEFAULT' END, NULL
FROM pg_class c
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisreplident
LEFT JOIN pg_class x ON x.oid = i.indexrelid
WHERE c.oid = :oid
