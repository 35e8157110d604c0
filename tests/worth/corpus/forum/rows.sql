INSERT INTO account SELECT n, 'user' || n, repeat('~', n % 80) FROM generate_series(1, 20000) n;
INSERT INTO board SELECT n, 'Board ' || n FROM generate_series(1, 30) n;
INSERT INTO topic (board_id, author_id, title, bumped_at)
SELECT 1 + n % 30, 1 + n * 7919 % 20000, 'Topic ' || md5(n::text), timestamptz '2026-01-01' + n * interval '15 minutes'
FROM generate_series(1, 30000) n;
INSERT INTO post (topic_id, author_id, body, posted_at)
SELECT
    1 + n * 7919 % 30000, 1 + n::bigint * 104729 % 20000, repeat(md5(n::text), 1 + n % 5), timestamptz '2026-01-01' + n * interval '2 minutes'
FROM generate_series(1, 250000) n;
