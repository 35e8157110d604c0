-- One row: a source that a notebook draws on.
INSERT INTO sources (id, notebook_id, title, kind, url, created_at)
SELECT pg_temp.id('sources', n),
       pg_temp.id('notebooks', pg_temp.parent('sources', n, %(sources)s, %(notebooks)s)),
       pg_temp.title(n, 2),
       pg_temp.pick('{pdf,pdf,pdf,web,web,text,video}', n, 3),
       'https://library.example.org/' || md5('url' || n),
       pg_temp.at(n, %(sources)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
