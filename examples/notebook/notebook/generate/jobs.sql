-- One row: a background job on a document. The newest three dozen wait; nearly all the others are completed.
INSERT INTO jobs (id, document_id, kind, status, progress, log, created_at, finished_at)
SELECT replace(pg_temp.id('jobs', n), '-', ''),
       pg_temp.id('documents', pg_temp.parent('jobs', n, %(jobs)s, %(documents)s)),
       pg_temp.pick('{extract,chunk,embed,quiz,study_guide}', n, 2),
       status,
       CASE status WHEN 'completed' THEN 100 WHEN 'pending' THEN 0 ELSE floor(pg_temp.dice(n, 3) * 100)::int END,
       CASE WHEN status <> 'pending' THEN
           concat_ws(E'\n', pg_temp.sentence(n, 4), pg_temp.sentence(n, 5), pg_temp.sentence(n, 7),
                     pg_temp.sentence(n, 8), pg_temp.sentence(n, 9))
       ELSE '' END,
       pg_temp.at(n, %(jobs)s),
       CASE WHEN status IN ('completed', 'failed') THEN pg_temp.at(n, %(jobs)s) + interval '40 seconds' END
FROM (
    SELECT n,
           CASE
               WHEN n >= %(jobs)s - %(pending)s THEN 'pending'
               WHEN n >= %(jobs)s - %(pending)s - 6 THEN 'processing'
               WHEN pg_temp.dice(n, 6) < 0.02 THEN 'failed'
               ELSE 'completed'
           END AS status
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
) AS draw
