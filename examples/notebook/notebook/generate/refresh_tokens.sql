-- One row: a session's refresh token, good for 30 days; nothing ever deletes one.
INSERT INTO refresh_tokens (id, user_id, token_hash, expires_at, revoked_at, created_at)
SELECT pg_temp.id('refresh_tokens', n),
       pg_temp.id('users', pg_temp.parent('refresh_tokens', n, %(refresh_tokens)s, %(users)s)),
       encode(sha256(convert_to('token' || n, 'UTF8')), 'hex'),
       pg_temp.at(n, %(refresh_tokens)s) + interval '30 days',
       CASE WHEN pg_temp.dice(n, 2) < 0.2 THEN pg_temp.at(n, %(refresh_tokens)s) + interval '2 hours' END,
       pg_temp.at(n, %(refresh_tokens)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
