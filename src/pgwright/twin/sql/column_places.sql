-- A row is a column that is to get statistics, of a table or of an index on expressions: where it is, its type and
-- collation. The type of an expression is not that of the index's column, where the operator class stores another one;
-- so the expression is given in its place.
SELECT r.number, c.oid::int8, a.attnum, a.atttypid::int8, a.attcollation::int8,
    CASE WHEN i.indexrelid IS NOT NULL THEN
        format('SELECT %%s FROM %%s', pg_get_indexdef(i.indexrelid, a.attnum, false), i.indrelid::regclass) END
FROM jsonb_to_recordset(%s::jsonb) AS r(number int, schema text, name text, "column" text)
-- What is missing here was left out with its table.
JOIN pg_class c ON c.oid = to_regclass(quote_ident(r.schema) || '.' || quote_ident(r.name))
    AND c.relowner = 'pgwright_owner'::regrole
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = r.column
LEFT JOIN pg_index i ON i.indexrelid = c.oid
