-- One row: a study guide made from a notebook.
INSERT INTO study_guides (id, notebook_id, title, content, created_at)
SELECT pg_temp.id('study_guides', n),
       pg_temp.id('notebooks', pg_temp.parent('study_guides', n, %(study_guides)s, %(notebooks)s)),
       pg_temp.title(n, 2),
       concat_ws(E'\n\n', pg_temp.sentence(n, 3), pg_temp.sentence(n, 4), pg_temp.sentence(n, 5),
                 pg_temp.sentence(n, 6), pg_temp.sentence(n, 7), pg_temp.sentence(n, 8)),
       pg_temp.at(n, %(study_guides)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
