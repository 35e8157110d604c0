-- Text keys with defaults that make UUIDs, functions in schemas of their own, statements that build keys.
CREATE SCHEMA app;
CREATE FUNCTION app.new_id() RETURNS text LANGUAGE sql AS 'SELECT gen_random_uuid()::text';
CREATE TABLE app.person (id text PRIMARY KEY DEFAULT app.new_id(), name text);
CREATE TABLE app.message (id varchar(36) PRIMARY KEY DEFAULT (gen_random_uuid())::text, person_id varchar(36) NOT NULL REFERENCES app.person ON DELETE CASCADE, body text, digest text GENERATED ALWAYS AS (md5(body)) STORED);
CREATE TABLE app.reply (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), message_id varchar(36) REFERENCES app.message, at timestamptz);
INSERT INTO app.person (id, name) SELECT md5(n::text)::uuid::text, 'n' || n FROM generate_series(1, 1500) n;
INSERT INTO app.message (id, person_id, body) SELECT md5('m' || n)::uuid::text, md5((1 + n % 1500)::text)::uuid::text, 'b' || n FROM generate_series(1, 5000) n;
INSERT INTO app.reply (message_id, at) SELECT id, now() FROM app.message;
CREATE INDEX ix_message_digest ON app.message (digest);
CREATE INDEX ix_message_digest_again ON app.message (digest);
-- workload
INSERT INTO app.person (name) VALUES ('new');
INSERT INTO app.message (id, person_id, body) VALUES (app.new_id(), 'c4ca4238-a0b9-2382-0dcc-509a6f75849b', 'hello');
SELECT * FROM app.message WHERE digest = md5('b77');
SELECT * FROM app.message m JOIN app.reply r ON r.message_id = m.id WHERE m.person_id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
SELECT 'urn:uuid:' || id FROM app.person WHERE name = 'n3';
DELETE FROM app.person WHERE name = 'n9' AND false;
