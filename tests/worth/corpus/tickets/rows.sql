INSERT INTO team SELECT n, 'Team ' || n FROM generate_series(1, 40) n;
INSERT INTO agent SELECT n, 1 + n % 40, 'Agent ' || n FROM generate_series(1, 400) n;
INSERT INTO customer SELECT n, 'c' || n || '@example.com', 'Company ' || n % 3000 FROM generate_series(1, 25000) n;
INSERT INTO ticket (customer_id, team_id, agent_id, status, priority, subject, tags, created_at)
SELECT
    1 + n * 7919 % 25000, 1 + n / 3 % 40, CASE WHEN n % 11 <> 0 THEN 1 + n / 7 % 400 END,
    CASE WHEN n % 25 = 0 THEN 'open' WHEN n % 30 = 1 THEN 'waiting' ELSE 'closed' END, n % 5, 'Subject ' || md5(n::text),
    ARRAY['tag' || n % 2000, 'kind' || n % 900], timestamptz '2026-01-01' + n * interval '3 minutes'
FROM generate_series(1, 120000) n;
INSERT INTO comment (ticket_id, author, body, created_at)
SELECT 1 + n::bigint * 104729 % 120000, 'a' || n % 400, repeat(md5(n::text), 3), timestamptz '2026-01-01' + n * interval '90 seconds'
FROM generate_series(1, 250000) n;
