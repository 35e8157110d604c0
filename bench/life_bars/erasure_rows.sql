-- Users and all that hangs on them, in the notebook's 13 tables; the first user's values bear a mark.
CREATE FUNCTION pg_temp.key(kind text, owner bigint, n bigint) RETURNS uuid IMMUTABLE LANGUAGE sql AS
    $$ SELECT md5(kind || '/' || owner || '/' || n)::uuid $$;
CREATE FUNCTION pg_temp.value(kind text, owner bigint, n bigint) RETURNS text IMMUTABLE LANGUAGE sql AS
    $$ SELECT CASE owner WHEN 1 THEN 'theirs-' ELSE 'others-' END || md5(n || kind || owner) $$;
-- How many rows a row has below it: many for the first user, one for the others.
CREATE FUNCTION pg_temp.several(owner bigint, many bigint, few bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS
    $$ SELECT CASE owner WHEN 1 THEN many ELSE few END $$;
INSERT INTO users (id, email, full_name, password_hash, is_active)
SELECT pg_temp.key('u', u, 0), pg_temp.value('e', u, 0) || '@mail.test', pg_temp.value('f', u, 0),
    pg_temp.value('p', u, 0), true FROM generate_series(1, {users}) AS u;
INSERT INTO notebooks (id, owner_id, title, description, deleted_at)
SELECT pg_temp.key('n', u, n), pg_temp.key('u', u, 0), pg_temp.value('n', u, n), pg_temp.value('d', u, n),
    CASE WHEN n % 10 = 3 THEN now() END
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 100, 1)) AS n;
INSERT INTO sources (id, notebook_id, title, kind, url)
SELECT pg_temp.key('s', u, n), pg_temp.key('n', u, (n - 1) / 10 + 1), pg_temp.value('s', u, n), 'pdf',
    'https://files.test/' || pg_temp.value('l', u, n)
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 1000, 1)) AS n;
INSERT INTO chunks (id, source_id, position, content, token_count)
SELECT pg_temp.key('c', u, n), pg_temp.key('s', u, (n - 1) % pg_temp.several(u, 1000, 1) + 1), n, pg_temp.value('c', u, n), 7
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, {chunks}, 3)) AS n;
INSERT INTO conversations (id, notebook_id, user_id, title)
SELECT pg_temp.key('t', u, n), pg_temp.key('n', u, (n - 1) / 10 + 1), pg_temp.key('u', u, 0), pg_temp.value('t', u, n)
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 1000, 1)) AS n;
INSERT INTO messages (id, conversation_id, role, content, token_count)
SELECT pg_temp.key('m', u, n), pg_temp.key('t', u, (n - 1) % pg_temp.several(u, 1000, 1) + 1), 'user', pg_temp.value('m', u, n), 7
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, {messages}, 3)) AS n;
INSERT INTO documents (id, user_id, filename, content_hash, mime_type, size_bytes)
SELECT pg_temp.key('o', u, n), pg_temp.key('u', u, 0), pg_temp.value('o', u, n) || '.pdf', pg_temp.value('h', u, n),
    'application/pdf', 7
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 1000, 1)) AS n;
INSERT INTO jobs (id, document_id, kind, status, progress, log)
SELECT pg_temp.key('j', u, n), pg_temp.key('o', u, n), 'embed', 'completed', 100, pg_temp.value('j', u, n)
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 1000, 1)) AS n;
INSERT INTO quizzes (id, notebook_id, title, questions)
SELECT pg_temp.key('q', u, n), pg_temp.key('n', u, n), pg_temp.value('q', u, n),
    jsonb_build_array(jsonb_build_object('question', pg_temp.value('k', u, n)))
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 100, 1)) AS n;
INSERT INTO study_guides (id, notebook_id, title, content)
SELECT pg_temp.key('g', u, n), pg_temp.key('n', u, n), pg_temp.value('g', u, n),
    -- Long enough to be stored outside of its row.
    (SELECT string_agg(pg_temp.value('w', u, n * 1000 + w), ' ') FROM generate_series(1, pg_temp.several(u, 200, 1)) AS w)
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 100, 1)) AS n;
INSERT INTO refresh_tokens (id, user_id, token_hash, expires_at)
SELECT pg_temp.key('r', u, n), pg_temp.key('u', u, 0), pg_temp.value('r', u, n), now()
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 500, 1)) AS n;
INSERT INTO otps (id, user_id, purpose, code_hash, expires_at)
SELECT pg_temp.key('a', u, n), pg_temp.key('u', u, 0), 'login', pg_temp.value('a', u, n), now()
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 500, 1)) AS n;
INSERT INTO generation_history (id, user_id, job_id, kind, model, prompt_tokens, completion_tokens)
SELECT pg_temp.key('y', u, n), pg_temp.key('u', u, 0), pg_temp.key('j', u, n), 'quiz', pg_temp.value('y', u, n), 7, 7
FROM generate_series(1, {users}) AS u, generate_series(1, pg_temp.several(u, 1000, 1)) AS n;
