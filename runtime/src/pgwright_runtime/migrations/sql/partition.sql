-- At most one row: a partition that is attached, and whether a detach of it was interrupted (since 14).
SELECT COALESCE(CAST(pg_catalog.to_jsonb(h) ->> 'inhdetachpending' AS boolean), false) AS is_pending
FROM pg_catalog.pg_inherits h
WHERE h.inhrelid = pg_catalog.to_regclass(:partition) AND h.inhparent = pg_catalog.to_regclass(:table)
