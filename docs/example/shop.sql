-- The rows, the role and the statement behind the example on the first screen of the README.
-- `python scripts/build_docs.py --figures` runs it; a test compares what it prints with what the README shows.

CREATE EXTENSION pg_stat_statements;
CREATE ROLE shop_app LOGIN;
ALTER ROLE shop_app SET statement_timeout = '30s';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_app;

INSERT INTO users (email)
SELECT 'user' || n || '@shop.example' FROM generate_series(1, 1000) AS n;

INSERT INTO orders (user_id, placed_at, note)
SELECT 1 + n % 1000, timestamptz '2026-01-01 00:00Z' + n * interval '1 minute', repeat('x', 120)
FROM generate_series(1, 300000) AS n;

-- The workload
SELECT id, placed_at, note FROM orders
WHERE user_id = %(user)s ORDER BY placed_at DESC LIMIT %(limit)s
