-- One row: a conversation that the owner of a notebook has with it.
INSERT INTO conversations (id, notebook_id, user_id, title, created_at, updated_at)
SELECT pg_temp.id('conversations', n),
       pg_temp.id('notebooks', notebook),
       pg_temp.id('users', pg_temp.parent('notebooks', notebook, %(notebooks)s, %(users)s)),
       pg_temp.title(n, 2),
       pg_temp.at(n, %(conversations)s),
       pg_temp.at(n, %(conversations)s) + interval '20 minutes'
FROM (
    SELECT n, pg_temp.parent('conversations', n, %(conversations)s, %(notebooks)s) AS notebook
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
    OFFSET 0
) AS draw
