-- One row for each foreign key that refers to one of the tables, whether the models know it or not.
SELECT
    k.conname AS name,
    k.conrelid::bigint AS child,
    k.confrelid::bigint AS parent,
    k.confdeltype::text AS action,
    (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_array(c.attname, p.attname) ORDER BY x.place)
        FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS x (child, parent, place)
        JOIN pg_catalog.pg_attribute c ON c.attrelid = k.conrelid AND c.attnum = x.child
        JOIN pg_catalog.pg_attribute p ON p.attrelid = k.confrelid AND p.attnum = x.parent
    ) AS pairs
FROM pg_catalog.pg_constraint k
WHERE k.contype = 'f'
  AND k.conparentid = 0
  AND k.confrelid = ANY (
    SELECT t.oid::oid FROM pg_catalog.json_array_elements_text(CAST(:oids AS pg_catalog.json)) AS t (oid))
  -- Since 18 a key need not be enforced; then no row hangs on another by it.
  AND COALESCE((pg_catalog.to_jsonb(k) ->> 'conenforced')::boolean, true)
ORDER BY k.conrelid, k.conname
