-- One row: a notebook. A few users own hundreds, most of them a handful.
INSERT INTO notebooks (id, owner_id, title, description, created_at)
SELECT pg_temp.id('notebooks', n),
       pg_temp.id('users', pg_temp.parent('notebooks', n, %(notebooks)s, %(users)s)),
       pg_temp.title(n, 2),
       pg_temp.sentence(n, 3),
       pg_temp.at(n, %(notebooks)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
