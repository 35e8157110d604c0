-- One row: an uploaded file. Every 33rd is the one before it, uploaded again.
INSERT INTO documents (id, user_id, filename, content_hash, mime_type, size_bytes, created_at)
SELECT pg_temp.id('documents', n),
       pg_temp.id('users', pg_temp.parent('documents', n, %(documents)s, %(users)s)),
       replace(lower(pg_temp.title(n, 2)), ' ', '-') || '-' || n || '.pdf',
       encode(sha256(convert_to('content' || CASE WHEN n > 0 AND n %% 33 = 0 THEN n - 1 ELSE n END, 'UTF8')), 'hex'),
       'application/pdf',
       20000 + floor(pg_temp.dice(n, 3) ^ 3 * 20000000)::int,
       pg_temp.at(n, %(documents)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
