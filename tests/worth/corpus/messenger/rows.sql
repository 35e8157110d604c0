INSERT INTO tenant SELECT n, 'Tenant ' || n FROM generate_series(1, 200) n;
INSERT INTO member SELECT n, 1 + n % 200, 'Member ' || n FROM generate_series(1, 20000) n;
INSERT INTO channel SELECT n, 1 + n % 200, 'channel-' || n FROM generate_series(1, 4000) n;
-- Author and channel are of the message's tenant: 20,000 and 4,000 are multiples of 200.
INSERT INTO message (tenant_id, channel_id, author_id, body, sent_at)
SELECT
    1 + t % 200, CASE WHEN t % 4000 = 0 THEN 4000 ELSE t % 4000 END, CASE WHEN t % 20000 = 0 THEN 20000 ELSE t % 20000 END,
    repeat(md5(n::text), 1 + n % 4), timestamptz '2026-01-01' + n * interval '100 seconds'
FROM (SELECT n, n * 7919::bigint AS t FROM generate_series(1, 250000) n) numbered;
INSERT INTO read_marker
SELECT 1 + n % 20000, 1 + (n % 20000 + n / 20000 * 200) % 4000, n FROM generate_series(0, 59999) n;
