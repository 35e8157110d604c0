-- One row: a piece of a source, in order of the source.
INSERT INTO chunks (id, source_id, position, content, token_count, created_at)
SELECT pg_temp.id('chunks', n),
       pg_temp.id('sources', source),
       position,
       concat_ws(' ', pg_temp.sentence(n, 2), pg_temp.sentence(n, 3), pg_temp.sentence(n, 4), pg_temp.sentence(n, 5),
                 pg_temp.sentence(n, 6)),
       80 + floor(pg_temp.dice(n, 7) * 60)::int,
       pg_temp.at(source, %(sources)s)
FROM chunk_plan
WHERE n BETWEEN %(first)s AND %(last)s
