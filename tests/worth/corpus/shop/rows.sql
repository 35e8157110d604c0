INSERT INTO customer (email, deleted_at)
SELECT 'c' || n || '@example.com', CASE WHEN n % 20 = 0 THEN timestamp '2026-03-01' + n * interval '1 minute' ELSE '1000-01-01' END
FROM generate_series(1, 30000) n;
INSERT INTO product SELECT n, 'product-' || n, 'Product ' || md5(n::text), 5 + n % 400 FROM generate_series(1, 15000) n;
INSERT INTO coupon
SELECT 'CODE' || n, 5 + n % 30, timestamptz '2025-06-01' + n * interval '1 day' FROM generate_series(1, 1000) n;
INSERT INTO orders (customer_id, coupon_code, state, placed_at, deleted_at)
SELECT
    1 + n * 7919 % 30000, CASE WHEN n % 12 = 0 THEN 'CODE' || 1 + n % 1000 END,
    CASE WHEN n % 150 = 0 THEN 'new' WHEN n % 40 = 0 THEN 'packed' ELSE 'sent' END,
    timestamptz '2026-01-01' + n * interval '3 minutes',
    CASE WHEN n % 25 = 0 THEN timestamp '2026-02-01' + n * interval '3 minutes' ELSE '1000-01-01' END
FROM generate_series(1, 120000) n;
INSERT INTO order_line
SELECT 1 + n / 2, 1 + n % 2, 1 + n * 7919 % 15000, 1 + n % 5 FROM generate_series(0, 239999) n;
