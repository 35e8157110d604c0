-- A row is a key of an index whose operator class or collation is not the default: few of many, so read apart.
SELECT
    i.indexrelid::bigint AS oid,
    k.n::int - 1 AS position,
    -- NULL: the default one, without parameters.
    CASE
        WHEN own.attoptions IS NOT NULL THEN o.opcname || ' (' || (
            SELECT string_agg(split_part(one, '=', 1) || '=' || quote_literal(substr(one, strpos(one, '=') + 1)), ', ')
            FROM unnest(own.attoptions) AS one
        ) || ')'
        WHEN NOT o.opcdefault THEN o.opcname::text
        -- The default of another type may be none of the key's: text_ops on citext. The server knows; it prints those.
        WHEN o.opcintype IS DISTINCT FROM a.atttypid AND (
            SELECT strpos(whole, key || ' ' || class) + strpos(whole, key || ' COLLATE ' || c || ' ' || class)
            FROM CAST(pg_get_indexdef(i.indexrelid) AS text) AS whole,
                CAST((i.indcollation::oid[])[k.n - 1]::regcollation AS text) AS c,
                concat(CASE WHEN NOT pg_opclass_is_visible(o.oid) THEN quote_ident(ns.nspname) || '.' END,
                    quote_ident(o.opcname)) AS class,
                concat(CASE k.n WHEN 1 THEN '(' ELSE ', ' END, pg_get_indexdef(i.indexrelid, k.n::int, false)) AS key
        ) > 0 THEN o.opcname::text
    END AS operator_class,
    CASE
        WHEN (i.indcollation::oid[])[k.n - 1] NOT IN (0, coalesce(a.attcollation, 100))
            THEN (i.indcollation::oid[])[k.n - 1]::regcollation::text
    END AS collation
FROM pg_index i
CROSS JOIN LATERAL unnest(i.indclass::oid[]) WITH ORDINALITY AS k(oid, n)
JOIN pg_opclass o ON o.oid = k.oid
JOIN pg_namespace ns ON ns.oid = o.opcnamespace
LEFT JOIN (
    SELECT attrelid, attnum, attoptions FROM pg_attribute WHERE attoptions IS NOT NULL
) AS own ON own.attrelid = i.indexrelid AND own.attnum = k.n
LEFT JOIN pg_attribute a ON a.attrelid = ANY(%(oids)s) AND a.attrelid = i.indrelid AND a.attnum = (i.indkey::int2[])[k.n - 1] AND a.attnum > 0
WHERE i.indrelid = ANY(%(oids)s)
  AND (
      own.attoptions IS NOT NULL OR NOT o.opcdefault OR o.opcintype IS DISTINCT FROM a.atttypid
      OR (i.indcollation::oid[])[k.n - 1] NOT IN (0, coalesce(a.attcollation, 100))
  )
