-- Soft deletion beside values that other systems give out, and INSERT ... ON CONFLICT on them.
CREATE TABLE external_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source text NOT NULL, external_id text NOT NULL, deleted_at timestamptz,
    CONSTRAINT external_event_source_key UNIQUE (source, external_id));
CREATE TABLE bill (id int PRIMARY KEY, number text NOT NULL UNIQUE, deleted_at timestamptz);
CREATE TABLE member (id int PRIMARY KEY, email text NOT NULL, token text UNIQUE, deleted_at timestamptz);
CREATE UNIQUE INDEX uq_member_email ON member (lower(email));
CREATE TABLE reminder (id int PRIMARY KEY, number text REFERENCES bill (number));
INSERT INTO external_event (source, external_id, deleted_at) SELECT 's', 'e' || n, CASE WHEN n % 20 = 0 THEN now() - n * interval '1 hour' END FROM generate_series(1, 6000) n;
INSERT INTO bill SELECT n, 'B' || n, CASE WHEN n % 9 = 0 THEN now() END FROM generate_series(1, 3000) n;
INSERT INTO member SELECT n, 'm' || n || '@x.org', md5(n::text), CASE WHEN n % 4 = 0 THEN now() END FROM generate_series(1, 3000) n;
INSERT INTO reminder SELECT n, 'B' || n FROM generate_series(1, 2000) n;
-- workload
INSERT INTO external_event (source, external_id) VALUES ('s', 'e1') ON CONFLICT (source, external_id) DO NOTHING;
INSERT INTO external_event (source, external_id) VALUES ('s', 'e20') ON CONFLICT (external_id, source) DO UPDATE SET deleted_at = NULL;
INSERT INTO bill VALUES (99999, 'B9') ON CONFLICT ON CONSTRAINT bill_number_key DO NOTHING;
WITH new AS (INSERT INTO member VALUES (99999, 'M4@x.org', 'new') ON CONFLICT (lower(email)) DO NOTHING RETURNING id) SELECT * FROM new;
SELECT * FROM member WHERE email = 'm7@x.org' AND deleted_at IS NULL;
SELECT * FROM bill WHERE number = 'B77' AND deleted_at IS NULL;
DELETE FROM bill WHERE number = 'B2999';
