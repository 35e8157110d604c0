-- At most one row: an index of this name, cut as the server cuts names, on the table, and whether it is of any use.
SELECT i.indexrelid::regclass::text AS index_name, i.indrelid::regclass::text AS table_name,
    i.indisvalid AND i.indisready AND i.indislive AS is_valid
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = pg_catalog.to_regclass(:table) AND c.relname = CAST(CAST(:name AS text) AS name) AND c.relkind = 'i'
