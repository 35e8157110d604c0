-- One row: a one-time password, good for 10 minutes; nothing ever deletes one.
INSERT INTO otps (id, user_id, purpose, code_hash, expires_at, consumed_at, created_at)
SELECT pg_temp.id('otps', n),
       pg_temp.id('users', pg_temp.parent('otps', n, %(otps)s, %(users)s)),
       pg_temp.pick('{login,login,login,password_reset}', n, 2),
       encode(sha256(convert_to('otp' || n, 'UTF8')), 'hex'),
       pg_temp.at(n, %(otps)s) + interval '10 minutes',
       CASE WHEN pg_temp.dice(n, 3) < 0.8 THEN pg_temp.at(n, %(otps)s) + interval '1 minute' END,
       pg_temp.at(n, %(otps)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
