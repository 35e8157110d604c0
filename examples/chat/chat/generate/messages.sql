-- One row: a question, or the answer to it in the next row. A few conversations are long.
INSERT INTO messages (id, conversation_id, role, content, sent_at, expires_at)
SELECT pg_temp.key('messages', n),
       pg_temp.key('conversations', floor(%(conversations)s * power(pg_temp.dice(n / 2, 5), 3))::bigint),
       CASE WHEN n %% 2 = 0 THEN 'user' ELSE 'assistant' END,
       CASE WHEN n %% 2 = 0
           THEN pg_temp.pick('{What is,How do I tune,When does one need,Why is there,What does one do about}', n, 6)
               || ' ' || pg_temp.pick('{VACUUM,an index,bloat,a replica,the planner,a lock,keyset paging}', n, 7) || '?'
           ELSE repeat('A sentence of the documentation that is as long as most of them are. ', 3)
               || '[1]' END,
       pg_temp.at(n, %(messages)s),
       pg_temp.at(n, %(messages)s) + interval '30 days'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
