-- A row is a type: the type whose input makes its values, its operators, those of its elements, its range.
-- Of a domain it is the base type's input, for the domain's own would run its CHECK.
-- As lookup_type_cache in src/backend/utils/cache/typcache.c and GetDefaultOpClass in src/backend/commands/indexcmds.c.
WITH RECURSIVE based (type, base) AS (
    SELECT oid, oid FROM pg_type WHERE oid = ANY(%s::int8[]::oid[])
    UNION ALL
    SELECT b.type, t.typbasetype FROM based b JOIN pg_type t ON t.oid = b.base WHERE t.typtype = 'd'
),
elements (base, element) AS (
    SELECT t.oid, t.typelem FROM based b JOIN pg_type t ON t.oid = b.base WHERE t.typelem <> 0 AND t.typlen = -1
    UNION
    SELECT e.base, t.typbasetype FROM elements e JOIN pg_type t ON t.oid = e.element WHERE t.typtype = 'd'
),
wanted AS (
    SELECT b.type, b.base, e.element
    FROM based b
    JOIN pg_type t ON t.oid = b.base AND t.typtype <> 'd'
    LEFT JOIN (elements e JOIN pg_type y ON y.oid = e.element AND y.typtype <> 'd') ON e.base = b.base
),
operators AS (
    SELECT t.oid AS type, m.amname = 'btree' AND o.amopstrategy = 1 AS is_less, o.amopopr AS operator, row_number() OVER (
        PARTITION BY t.oid, m.amname = 'btree' AND o.amopstrategy = 1
        ORDER BY m.amname, k.opcintype = t.oid DESC, i.typispreferred DESC) AS rank
    FROM pg_type t
    JOIN pg_opclass k ON k.opcdefault AND (
        k.opcintype = t.oid
        OR k.opcintype = CASE
            WHEN t.typtype = 'e' THEN 'anyenum'::regtype
            WHEN t.typtype = 'r' THEN 'anyrange'::regtype
            WHEN t.typtype = 'm' THEN to_regtype('anymultirange')
            WHEN t.typtype = 'c' THEN 'record'::regtype
            WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'anyarray'::regtype END
        OR EXISTS (
            SELECT FROM pg_cast
            WHERE castsource = t.oid AND casttarget = k.opcintype AND castmethod = 'b' AND castcontext = 'i'))
    JOIN pg_am m ON m.oid = k.opcmethod
    JOIN pg_type i ON i.oid = k.opcintype
    JOIN pg_amop o ON o.amopfamily = k.opcfamily AND o.amoplefttype = k.opcintype AND o.amoprighttype = k.opcintype
    WHERE t.oid IN (SELECT base FROM wanted UNION SELECT element FROM wanted)
        AND ((m.amname = 'btree' AND o.amopstrategy IN (1, 3)) OR (m.amname = 'hash' AND o.amopstrategy = 1))
)
SELECT w.type::int8, w.base::int8, less.operator::int8, equal.operator::int8, w.element::int8, same.operator::int8,
    COALESCE(r.rngtypid, m.range)::int8
FROM wanted w
LEFT JOIN operators less ON less.type = w.base AND less.is_less AND less.rank = 1
LEFT JOIN operators equal ON equal.type = w.base AND NOT equal.is_less AND equal.rank = 1
LEFT JOIN operators same ON same.type = w.element AND NOT same.is_less AND same.rank = 1
LEFT JOIN pg_range r ON r.rngtypid = w.base
LEFT JOIN LATERAL (
    -- Multiranges are there since PostgreSQL 14.
    SELECT x.rngtypid FROM pg_range x WHERE to_jsonb(x) ->> 'rngmultitypid' = w.base::text
) AS m (range) ON true
