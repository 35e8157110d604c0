-- One row: which chunk belongs where. A source is cut up in one go, so its chunks lie together.
CREATE TEMPORARY TABLE chunk_plan ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY source, i) - 1 AS n,
       source,
       row_number() OVER (PARTITION BY source ORDER BY i) - 1 AS position
FROM (
    SELECT i, pg_temp.parent('chunks', i, %(chunks)s, %(sources)s) AS source
    FROM generate_series(0, %(chunks)s::bigint - 1) AS i
) AS draw
ORDER BY n
