-- One row: a tenant.
INSERT INTO organizations (name, created_at)
SELECT 'Fleet ' || n + 1, %(until)s::timestamptz - interval '760 days' + interval '1 hour' * n
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
