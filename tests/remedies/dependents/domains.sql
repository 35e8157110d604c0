-- Keys whose types are domains, one over another, with checks, defaults and NOT NULL.
CREATE DOMAIN small_id AS int CHECK (value > 100);
CREATE DOMAIN smaller_id AS small_id CHECK (value < 1000000);
CREATE DOMAIN user_key AS text DEFAULT (gen_random_uuid())::text CHECK (value ~ '^[0-9a-f-]{36}$');
CREATE TABLE account (id bigint PRIMARY KEY);
CREATE TABLE invoice (id int PRIMARY KEY, account_id smaller_id NOT NULL REFERENCES account, note text);
CREATE TABLE app_user (id user_key PRIMARY KEY, name text);
CREATE TABLE session (id int PRIMARY KEY, user_id user_key NOT NULL REFERENCES app_user, at timestamptz);
INSERT INTO account SELECT generate_series(101, 2100);
INSERT INTO invoice SELECT n, 101 + n % 2000, 'n' || n FROM generate_series(1, 6000) n;
INSERT INTO app_user SELECT md5(n::text)::uuid::text, 'u' || n FROM generate_series(1, 1500) n;
INSERT INTO session SELECT n, md5((1 + n % 1500)::text)::uuid::text, now() FROM generate_series(1, 6000) n;
CREATE INDEX ix_invoice_note ON invoice (note);
CREATE INDEX ix_invoice_note_id ON invoice (note, id);
-- workload
INSERT INTO invoice VALUES (9999, 150, 'x');
INSERT INTO app_user (name) VALUES ('new');
SELECT * FROM session JOIN app_user ON app_user.id = session.user_id WHERE app_user.name = 'u7';
DELETE FROM account WHERE id = 5000;
SELECT * FROM invoice WHERE note = 'n70';
UPDATE session SET at = now() WHERE user_id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
