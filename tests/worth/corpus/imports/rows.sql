INSERT INTO source SELECT md5('s' || n)::uuid::text, 'Source ' || n FROM generate_series(1, 100) n;
INSERT INTO batch
SELECT md5('b' || n)::uuid::text, md5('s' || 1 + n % 100)::uuid::text, timestamptz '2026-01-01' + n * interval '3 hours'
FROM generate_series(1, 2000) n;
INSERT INTO record SELECT n / 75, n % 75, md5(n::text) FROM generate_series(0, 149999) n;
INSERT INTO job (batch_id, status, run_at)
SELECT
    md5('b' || 1 + n * 31 % 2000)::uuid::text, CASE WHEN n % 200 = 0 THEN 'ready' WHEN n % 90 = 0 THEN 'failed' ELSE 'done' END,
    timestamptz '2026-06-01' + n * interval '1 minute'
FROM generate_series(1, 120000) n;
