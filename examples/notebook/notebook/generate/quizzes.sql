-- One row: a quiz made from a notebook.
INSERT INTO quizzes (id, notebook_id, title, questions, created_at)
SELECT pg_temp.id('quizzes', n),
       pg_temp.id('notebooks', pg_temp.parent('quizzes', n, %(quizzes)s, %(notebooks)s)),
       pg_temp.title(n, 2),
       jsonb_build_array(
           jsonb_build_object('question', pg_temp.sentence(n, 3), 'answer', pg_temp.sentence(n, 4)),
           jsonb_build_object('question', pg_temp.sentence(n, 5), 'answer', pg_temp.sentence(n, 6))
       ),
       pg_temp.at(n, %(quizzes)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
