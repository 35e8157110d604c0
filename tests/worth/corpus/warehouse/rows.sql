INSERT INTO sku SELECT n, 'SKU-' || lpad(n::text, 7, '0'), 'Article ' || n FROM generate_series(1, 20000) n;
INSERT INTO bin SELECT n, n % 100, 'P' || n FROM generate_series(1, 5000) n;
INSERT INTO stock (sku_id, bin_id, quantity)
SELECT 1 + n % 20000, 1 + (n / 20000 * 997 + n * 31) % 5000, n % 500 FROM generate_series(0, 99999) n;
INSERT INTO stock_move (id, sku_id, bin_id, quantity, note, moved_at)
SELECT
    2039700000 + n, 1 + n * 7919 % 20000, 1 + n * 31 % 5000, n % 40 - 20, 'moved by ' || md5((n % 5000)::text),
    timestamptz '2026-01-01' + n * interval '90 seconds'
FROM generate_series(1, 250000) n;
SELECT setval('stock_move_id_seq', 2039950000);
