-- One row: a conversation. A few visitors have many, the first one most, and the longest.
INSERT INTO conversations (id, user_session_id, created_at, expires_at)
SELECT pg_temp.key('conversations', n),
       pg_temp.key('user_sessions', floor(%(user_sessions)s * power(pg_temp.dice(n, 4), 2) * sign(n))::bigint),
       pg_temp.at(n, %(conversations)s),
       pg_temp.at(n, %(conversations)s) + interval '30 days'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
