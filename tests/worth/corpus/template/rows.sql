INSERT INTO "user" (id, email, full_name, hashed_password, created_at)
SELECT
    md5('u' || n)::uuid, 'user' || n || '@example.com', 'User ' || n, '$2b$12$' || md5(n::text),
    timestamptz '2026-01-01' + n * interval '7 minutes'
FROM generate_series(1, 20000) n;
INSERT INTO item (id, title, description, owner_id, created_at)
SELECT
    md5('i' || n)::uuid, 'Item ' || n, 'About ' || md5(n::text), md5('u' || 1 + n * 7919 % 20000)::uuid,
    timestamptz '2026-01-01' + n * interval '1 minute'
FROM generate_series(1, 120000) n;
