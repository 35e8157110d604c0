INSERT INTO account SELECT n, 'DE' || lpad(n::text, 12, '0'), 'Owner ' || n FROM generate_series(1, 20000) n;
INSERT INTO transfer (reference, booked_at)
SELECT 'T' || md5(n::text), timestamptz '2026-01-01' + n * interval '3 minutes' FROM generate_series(1, 120000) n;
INSERT INTO entry (transfer_id, account_id, amount)
SELECT 1 + n / 2, 1 + n * 7919 % 20000, (n % 5000) * CASE WHEN n % 2 = 0 THEN 0.01 ELSE -0.01 END
FROM generate_series(0, 239999) n;
INSERT INTO audit_log (object_type, object_id, actor, change, at)
SELECT
    (ARRAY['transfer', 'account', 'entry'])[1 + n % 3], 1 + n * 7919 % 50000, 'clerk ' || n % 60,
    jsonb_build_object('field', 'state', 'to', n % 7), timestamptz '2026-01-01' + n * interval '2 minutes'
FROM generate_series(1, 150000) n;
