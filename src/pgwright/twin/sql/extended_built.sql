-- A row is the list of common combinations that ANALYZE made of the scratch table, and the values in its order.
SELECT d.stxdmcv::bytea, (
    SELECT array_agg(i.values::text ORDER BY i.index) FROM pg_mcv_list_items(d.stxdmcv) AS i)
FROM pg_statistic_ext_data d JOIN pg_statistic_ext e ON e.oid = d.stxoid
WHERE e.stxrelid = 'pgwright_scratch.t'::regclass
