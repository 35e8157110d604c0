-- A row is something about a plain table that stands in the way of partitioning it by a column, with what to do.
WITH subject AS (
    SELECT c.*, a.attnum, a.attnotnull, a.attgenerated, t.typname
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = CAST(:column AS text) AND NOT a.attisdropped
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.oid = :oid
),
found AS (
    SELECT 1 AS place, 'it is no plain table' AS words FROM subject s
    WHERE s.relkind <> 'r' OR s.relispartition OR s.reloftype <> 0
        OR EXISTS (SELECT FROM pg_inherits i WHERE s.oid IN (i.inhrelid, i.inhparent))
    UNION ALL
    SELECT 1, 'it is unlogged or temporary, which a partitioned table cannot be: ALTER TABLE … SET LOGGED first'
    FROM subject s WHERE s.relpersistence <> 'p'
    UNION ALL
    SELECT 1, format('it belongs to %I, and this role is no member of that one', pg_get_userbyid(s.relowner))
    FROM subject s WHERE NOT pg_has_role(s.relowner, 'USAGE')
    UNION ALL
    SELECT 2, format('it has no column %I', CAST(:column AS text)) FROM subject s WHERE s.attnum IS NULL
    UNION ALL
    SELECT 2, format('%I may be NULL, and such a row has no partition: make it NOT NULL first', CAST(:column AS text))
    FROM subject s WHERE NOT s.attnotnull
    UNION ALL
    SELECT 2, format('%I is a generated column, by which no table is partitioned', CAST(:column AS text))
    FROM subject s WHERE s.attgenerated <> ''
    UNION ALL
    SELECT 3, format(
        'the foreign key %I of %s refers to it, and its primary key will hold the time too: drop the foreign key, or '
        'let it refer to both columns afterwards', k.conname, k.conrelid::regclass
    )
    FROM pg_constraint k WHERE k.confrelid = :oid AND k.contype = 'f'
    UNION ALL
    SELECT 4, format('the exclusion constraint %I cannot hold over partitions: drop it', k.conname)
    FROM pg_constraint k WHERE k.conrelid = :oid AND k.contype = 'x'
    UNION ALL
    SELECT 4, format('the primary key %I is deferrable: make it one that is not', k.conname)
    FROM pg_constraint k WHERE k.conrelid = :oid AND k.contype = 'p' AND k.condeferrable
    UNION ALL
    SELECT 4, format(
        'the unique index %s does not hold %I, and uniqueness holds over partitions only with it: add the column, or '
        'drop it', i.indexrelid::regclass, CAST(:column AS text)
    )
    FROM pg_index i JOIN subject s ON s.oid = i.indrelid
    WHERE i.indisunique AND NOT i.indisprimary
        AND NOT EXISTS (
            SELECT FROM unnest(string_to_array(i.indkey::text, ' ')::int[]) WITH ORDINALITY AS u(attnum, place)
            WHERE u.attnum = s.attnum AND u.place <= i.indnkeyatts
        )
    UNION ALL
    SELECT 4, format('the index %s is invalid: rebuild or drop it', i.indexrelid::regclass)
    FROM pg_index i WHERE i.indrelid = :oid AND NOT i.indisvalid AND i.indexrelid::regclass::text NOT LIKE '%\_pgwright'
    UNION ALL
    SELECT 5, format('the constraint %I is NOT VALID: validate it', k.conname)
    FROM pg_constraint k
    WHERE k.conrelid = :oid AND k.contype IN ('c', 'f', 'n') AND NOT k.convalidated AND k.conname <> CAST(:mark AS text)
    UNION ALL
    SELECT 5, format('the constraint %I is NO INHERIT: make it one that is inherited', k.conname)
    FROM pg_constraint k WHERE k.conrelid = :oid AND k.contype IN ('c', 'n') AND k.connoinherit
    UNION ALL
    SELECT 6, format('the rule %I would stay behind: make it a trigger', r.rulename)
    FROM pg_rewrite r WHERE r.ev_class = :oid
    UNION ALL
    SELECT 6, format('the trigger %I reads transition tables for each row, which partitions do not have', g.tgname)
    FROM pg_trigger g
    WHERE g.tgrelid = :oid AND g.tgtype & 1 <> 0 AND (g.tgoldtable IS NOT NULL OR g.tgnewtable IS NOT NULL)
    UNION ALL
    SELECT DISTINCT 7, format('%s would still read the old table: drop it, and create it again afterwards',
        pg_describe_object(CASE WHEN d.classid = 'pg_rewrite'::regclass THEN 'pg_class'::regclass ELSE d.classid END,
            coalesce(r.ev_class, d.objid), 0))
    FROM pg_depend d
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_class v ON v.oid = r.ev_class
    LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = :oid
        AND (v.relkind = 'm' OR p.polrelid <> :oid OR d.classid = 'pg_proc'::regclass)
    UNION ALL
    SELECT DISTINCT 7, format('%s is of the table''s row type, which the old table keeps: drop it first',
        pg_describe_object(d.classid, d.objid, d.objsubid))
    FROM pg_depend d
    JOIN subject s ON d.refclassid = 'pg_type'::regclass
        AND d.refobjid IN (s.reltype, (SELECT y.typarray FROM pg_type y WHERE y.oid = s.reltype))
    WHERE d.deptype <> 'i'
    UNION ALL
    SELECT 8, format(
        'the publication %I would publish partitions under their own names: ALTER PUBLICATION %1$I SET '
        '(publish_via_partition_root = true)', b.pubname
    )
    FROM subject s
    JOIN pg_namespace n ON n.oid = s.relnamespace
    JOIN pg_publication_tables q ON q.schemaname = n.nspname AND q.tablename = s.relname
    JOIN pg_publication b ON b.pubname = q.pubname AND NOT b.pubviaroot
    UNION ALL
    SELECT 8, format('the publication %I has a column list or a row filter for it: add the table without', b.pubname)
    FROM pg_publication_rel q
    JOIN pg_publication b ON b.oid = q.prpubid
    -- Both are there from PostgreSQL 15 on.
    WHERE q.prrelid = :oid AND (to_jsonb(q) ->> 'prqual' IS NOT NULL OR to_jsonb(q) ->> 'prattrs' IS NOT NULL)
)
SELECT f.words FROM found f ORDER BY f.place, f.words
