-- One row: a message. Those of different conversations lie interleaved, as they were sent.
INSERT INTO messages (id, conversation_id, role, content, token_count, created_at)
SELECT pg_temp.id('messages', n),
       pg_temp.id('conversations', pg_temp.parent('messages', n, %(messages)s, %(conversations)s)),
       pg_temp.pick('{user,assistant}', n, 2),
       concat_ws(' ', pg_temp.sentence(n, 3), pg_temp.sentence(n, 4), pg_temp.sentence(n, 5)),
       20 + floor(pg_temp.dice(n, 6) * 80)::int,
       pg_temp.at(n, %(messages)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
