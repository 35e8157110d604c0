-- One row: something that a job generated, for the owner of the job's document.
INSERT INTO generation_history (id, user_id, job_id, kind, model, prompt_tokens, completion_tokens, created_at)
SELECT pg_temp.id('generation_history', n),
       pg_temp.id('users', pg_temp.parent('documents', document, %(documents)s, %(users)s)),
       replace(pg_temp.id('jobs', job), '-', ''),
       pg_temp.pick('{quiz,study_guide,summary,answer}', n, 2),
       pg_temp.pick('{small,small,large}', n, 3),
       500 + floor(pg_temp.dice(n, 4) * 6000)::int,
       100 + floor(pg_temp.dice(n, 5) * 900)::int,
       pg_temp.at(n, %(generation_history)s)
FROM (
    SELECT n, job, pg_temp.parent('jobs', job, %(jobs)s, %(documents)s) AS document
    FROM (
        SELECT n, pg_temp.parent('generation_history', n, %(generation_history)s, %(jobs)s) AS job
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
        OFFSET 0
    ) AS draw
    OFFSET 0
) AS owned
