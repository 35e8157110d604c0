-- One row: a visitor's session, whose token is "visitor" and its number.
INSERT INTO user_sessions (id, session_id, user_id, created_at, expires_at)
SELECT pg_temp.key('user_sessions', n),
       encode(sha256(('visitor' || n)::bytea), 'hex'),
       CASE WHEN pg_temp.dice(n, 2) < 0.3 THEN 1 + floor(pg_temp.dice(n, 3) * 1000)::bigint END,
       pg_temp.at(n, %(user_sessions)s),
       pg_temp.at(n, %(user_sessions)s) + interval '30 days'
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
