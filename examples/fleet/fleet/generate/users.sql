-- One row: a dispatcher.
INSERT INTO users (organization_id, email, full_name, created_at)
SELECT pg_temp.organization(n), 'user' || n || '@example.org', pg_temp.name(n), pg_temp.at(n, %(users)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
