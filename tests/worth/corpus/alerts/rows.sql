INSERT INTO provider SELECT md5('p' || n)::uuid, 'Provider ' || n FROM generate_series(1, 50) n;
INSERT INTO alert (id, provider_id, external_id, fingerprint, severity, tags, seen_at, deleted_at)
SELECT
    md5('a' || n)::uuid, md5('p' || 1 + n % 50)::uuid, 'ext-' || n, md5('f' || n % 30000),
    (ARRAY['info', 'info', 'warning', 'critical'])[1 + n % 4], jsonb_build_array('host' || n % 3000, 'env' || n % 4),
    timestamptz '2026-01-01' + n * interval '3 minutes', CASE WHEN n % 30 = 0 THEN timestamptz '2026-10-01' END
FROM generate_series(1, 120000) n;
INSERT INTO incident SELECT md5('i' || n)::uuid, 'Incident ' || n, CASE WHEN n % 20 = 0 THEN 'open' ELSE 'closed' END,
    timestamptz '2026-01-01' + n * interval '12 minutes' FROM generate_series(1, 30000) n;
INSERT INTO alert_incident SELECT md5('a' || n)::uuid, md5('i' || 1 + n * 7919 % 30000)::uuid FROM generate_series(1, 100000) n;
