-- One row: a passage that an answer cites; each has up to three.
INSERT INTO citations (message_id, position, title, url, passage)
SELECT pg_temp.key('messages', n),
       place,
       'Page ' || floor(pg_temp.dice(n, 8) * 200)::int,
       'https://docs.example/' || floor(pg_temp.dice(n, 8) * 200)::int,
       repeat('A passage of the documentation, of about the length of most of them. ', 5)
FROM generate_series(1, %(messages)s::bigint - 1, 2) AS n,
     generate_series(1, 1 + floor(pg_temp.dice(n, 9) * 3)::int) AS place
ORDER BY n, place
