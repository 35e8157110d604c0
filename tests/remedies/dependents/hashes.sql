-- Keys that look like UUIDs and are none, and columns that the app compares without a declared key.
CREATE TABLE document (fingerprint text PRIMARY KEY, body text);
CREATE TABLE document_ref (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, fingerprint text NOT NULL REFERENCES document, n int);
CREATE TABLE alert (id text PRIMARY KEY, fingerprint text NOT NULL, event_id text);
CREATE TABLE last_alert (fingerprint text PRIMARY KEY, alert_id text NOT NULL);
CREATE TABLE event (id text PRIMARY KEY, payload text);
CREATE TABLE visit (id int PRIMARY KEY, event_id text NOT NULL DEFAULT '');
INSERT INTO document SELECT md5(n::text), 'x' FROM generate_series(1, 3000) n;
INSERT INTO document_ref (fingerprint, n) SELECT md5(n::text), n FROM generate_series(1, 3000) n;
INSERT INTO event SELECT md5(n::text)::uuid::text, 'p' || n FROM generate_series(1, 2000) n;
INSERT INTO alert SELECT md5('a' || n)::uuid::text, md5('f' || n % 500)::uuid::text, md5((1 + n % 2000)::text)::uuid::text FROM generate_series(1, 5000) n;
INSERT INTO last_alert SELECT fingerprint, max(id) FROM alert GROUP BY fingerprint;
INSERT INTO last_alert SELECT 'manual-' || n, md5('a' || n)::uuid::text FROM generate_series(1, 600) n;
INSERT INTO visit SELECT n, CASE WHEN n % 4 = 0 THEN '' ELSE md5((1 + n % 2000)::text)::uuid::text END FROM generate_series(1, 5000) n;
-- workload
SELECT * FROM document WHERE fingerprint = md5('7');
SELECT * FROM document d JOIN document_ref r USING (fingerprint) WHERE r.n = 9;
SELECT * FROM alert JOIN last_alert ON last_alert.fingerprint = alert.fingerprint WHERE alert.id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
SELECT * FROM alert WHERE id IN (SELECT alert_id FROM last_alert WHERE fingerprint LIKE 'manual-%');
SELECT count(*) FROM visit v JOIN event e ON e.id = v.event_id;
SELECT * FROM visit WHERE event_id = '';
SELECT coalesce(max(event_id), '') FROM alert;
INSERT INTO last_alert VALUES ('manual-99999', 'c4ca4238-a0b9-2382-0dcc-509a6f75849b') ON CONFLICT (fingerprint) DO NOTHING;
