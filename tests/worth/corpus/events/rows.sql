INSERT INTO stream SELECT n, 'kind ' || n % 8 FROM generate_series(1, 20000) n;
-- Six months of thirty days, 40,000 events each; a stream has about twelve.
INSERT INTO event (stream_id, version, type, body, happened_at)
SELECT
    1 + n * 7919 % 20000, 1 + n / 20000, (ARRAY['opened', 'changed', 'changed', 'closed', 'noted'])[1 + n % 5],
    jsonb_build_object('n', n), timestamptz '2026-05-01 00:00+00' + n % 6 * interval '30.7 days' + n / 6 * interval '60 seconds'
FROM generate_series(0, 239999) n;
INSERT INTO snapshot SELECT n, 5, jsonb_build_object('n', n) FROM generate_series(1, 15000) n;
INSERT INTO checkpoint SELECT 'projection ' || n, n FROM generate_series(1, 12) n;
