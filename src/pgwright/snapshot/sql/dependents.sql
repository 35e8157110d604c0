-- A row is something that hangs on a column of one of the tables whose oids are given, or (column NULL) on the table.
-- Not here: indexes, foreign keys, defaults and sequences, which have readers of their own.
WITH hanging AS (
    SELECT d.refobjid AS table_oid, a.attname, a.attnum, d.classid, d.objid
    FROM pg_depend d
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY(%(oids)s) AND d.refobjsubid > 0
      -- Each index, key and default hangs on its columns, too: thousands, of which few are asked for below.
      AND d.classid IN (
          'pg_rewrite'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_statistic_ext'::regclass,
          'pg_proc'::regclass, 'pg_publication_rel'::regclass
      )
), generated AS (
    SELECT d.oid, g.attrelid, g.attnum, g.attname, pg_get_expr(d.adbin, d.adrelid) AS expression
    FROM pg_attrdef d
    JOIN pg_attribute g ON g.attrelid = d.adrelid AND g.attnum = d.adnum AND g.attgenerated <> ''
    WHERE d.adrelid = ANY(%(oids)s)
)
SELECT h.table_oid::bigint AS table_oid, h.attname AS column,
    CASE WHEN r.rulename <> '_RETURN' THEN 'rule' WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END AS kind,
    CASE WHEN r.rulename = '_RETURN' THEN n.nspname END AS schema,
    CASE WHEN r.rulename = '_RETURN' THEN c.relname ELSE r.rulename END AS name,
    '' AS definition
FROM hanging h
JOIN pg_rewrite r ON h.classid = 'pg_rewrite'::regclass AND r.oid = h.objid
JOIN pg_class c ON c.oid = r.ev_class
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' OR c.oid <> h.table_oid
UNION
SELECT h.table_oid::bigint, h.attname, 'trigger', NULL, t.tgname, ''
FROM hanging h
JOIN pg_trigger t ON h.classid = 'pg_trigger'::regclass AND t.oid = h.objid AND NOT t.tgisinternal
UNION
SELECT h.table_oid::bigint, h.attname, 'policy', NULL, p.polname, ''
FROM hanging h
JOIN pg_policy p ON h.classid = 'pg_policy'::regclass AND p.oid = h.objid
UNION
SELECT c.conrelid::bigint, a.attname, 'check constraint', NULL, c.conname, pg_get_expr(c.conbin, c.conrelid)
FROM pg_constraint c
JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass AND d.objid = c.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.conrelid
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = d.refobjsubid AND a.attnum > 0
WHERE c.contype = 'c' AND c.conrelid = ANY(%(oids)s)
UNION
-- Before PostgreSQL 15 the column itself depends on those of its expression, from then on its default.
SELECT g.attrelid::bigint, a.attname, 'generated column', NULL, g.attname, g.expression
FROM generated g
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = g.attrelid AND (
    (d.classid = 'pg_attrdef'::regclass AND d.objid = g.oid)
    OR (d.classid = 'pg_class'::regclass AND d.objid = g.attrelid AND d.objsubid = g.attnum)
)
JOIN pg_attribute a ON a.attrelid = g.attrelid AND a.attnum = d.refobjsubid AND a.attnum > 0 AND a.attnum <> g.attnum
UNION
-- Of plain columns, the server makes them anew with the column.
SELECT h.table_oid::bigint, h.attname,
    CASE WHEN h.attnum = ANY (s.stxkeys) THEN 'statistics' ELSE 'statistics on an expression' END, n.nspname, s.stxname,
    -- The target goes when they are made anew; none is NULL, or -1 before PostgreSQL 17.
    coalesce(nullif(s.stxstattarget, -1)::text, '')
FROM hanging h
JOIN pg_statistic_ext s ON h.classid = 'pg_statistic_ext'::regclass AND s.oid = h.objid
JOIN pg_namespace n ON n.oid = s.stxnamespace
UNION
-- The target of an index's expression goes, too, when the index is built anew.
SELECT i.indrelid::bigint, a.attname, 'index statistics', n.nspname, c.relname, concat(k.attnum, ' ', k.attstattarget)
FROM pg_attribute k
JOIN pg_index i ON i.indexrelid = k.attrelid
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid AND a.attnum > 0
WHERE k.attstattarget >= 0 AND i.indexprs IS NOT NULL AND i.indrelid = ANY(%(oids)s)
UNION
SELECT i.indrelid::bigint, NULL, 'index comment', n.nspname, c.relname, d.description
FROM pg_description d
JOIN pg_index i ON i.indexrelid = d.objoid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = ANY(%(oids)s)
UNION
SELECT con.conrelid::bigint, NULL, 'constraint comment', NULL, con.conname, d.description
FROM pg_description d
JOIN pg_constraint con ON con.oid = d.objoid AND d.classoid = 'pg_constraint'::regclass
WHERE con.conrelid = ANY(%(oids)s)
UNION
-- A view, function or default with the index as a constant of type regclass. Keys have a reader of their own.
SELECT i.indrelid::bigint, NULL, 'use of an index', n.nspname, c.relname,
    pg_describe_object(d.classid, d.objid, d.objsubid)
FROM pg_index i
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indexrelid AND d.deptype = 'n'
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indrelid = ANY(%(oids)s)
  AND d.classid NOT IN ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass)
UNION
-- With BEGIN ATOMIC; a body in quotes depends on nothing.
SELECT h.table_oid::bigint, h.attname, 'function', n.nspname, p.proname, ''
FROM hanging h
JOIN pg_proc p ON h.classid = 'pg_proc'::regclass AND p.oid = h.objid
JOIN pg_namespace n ON n.oid = p.pronamespace
UNION
-- By its row filter or its list of columns.
SELECT h.table_oid::bigint, h.attname, 'publication', NULL, p.pubname, ''
FROM hanging h
JOIN pg_publication_rel pr ON h.classid = 'pg_publication_rel'::regclass AND pr.oid = h.objid
JOIN pg_publication p ON p.oid = pr.prpubid
UNION
SELECT c.oid::bigint, NULL, 'publication', NULL, p.pubname, ''
FROM pg_publication_tables p
JOIN pg_namespace n ON n.nspname = p.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
WHERE c.oid = ANY(%(oids)s)
UNION
-- A key column is part of the table: the dependency goes the other way round.
SELECT k.partrelid::bigint, a.attname, 'partition key', NULL, c.relname, pg_get_partkeydef(k.partrelid)
FROM pg_partitioned_table k
JOIN pg_class c ON c.oid = k.partrelid
JOIN pg_attribute a ON a.attrelid = k.partrelid AND a.attnum > 0
WHERE k.partrelid = ANY(%(oids)s) AND (
    a.attnum = ANY (k.partattrs::int2[])
    OR EXISTS (
        SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = k.partrelid AND d.objsubid = a.attnum
          AND d.refclassid = 'pg_class'::regclass AND d.refobjid = k.partrelid AND d.refobjsubid = 0
    )
)
UNION
-- A column of another relation holds whole rows of the table.
SELECT c.oid::bigint, NULL, 'row type', un.nspname, u.relname, ua.attname
FROM pg_depend d
JOIN pg_attribute ua ON ua.attrelid = d.objid AND ua.attnum = d.objsubid
JOIN pg_type ut ON ut.oid = ua.atttypid
JOIN pg_type t ON t.oid = coalesce(nullif(ut.typelem, 0), ut.oid)
JOIN pg_class c ON c.oid = t.typrelid
JOIN pg_class u ON u.oid = ua.attrelid AND u.relkind IN ('r', 'p', 'm', 'f')
JOIN pg_namespace un ON un.oid = u.relnamespace
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_type'::regclass
  AND c.oid = ANY(%(oids)s) AND ua.attnum > 0 AND NOT ua.attisdropped
UNION
SELECT c.oid::bigint, NULL, 'type', tn.nspname, t.typname, ''
FROM pg_class c
JOIN pg_type t ON t.oid = c.reloftype
JOIN pg_namespace tn ON tn.oid = t.typnamespace
WHERE c.oid = ANY(%(oids)s)
UNION
-- Merged from several parents, of which none can change it alone; a table is known as the heir of its first one only.
SELECT i.inhparent::bigint, a.attname, 'heir of several tables', n.nspname, c.relname, ''
FROM pg_attribute a
JOIN pg_inherits i ON i.inhrelid = a.attrelid
JOIN pg_attribute pa ON pa.attrelid = i.inhparent AND pa.attname = a.attname AND NOT pa.attisdropped
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE (a.attinhcount > 1 OR i.inhseqno > 1) AND a.attnum > 0 AND i.inhparent = ANY(%(oids)s)
ORDER BY 1, 2, 3, 4, 5
