-- Tables of known sizes, made once. All that is timed on them is rolled back.
CREATE TABLE narrow AS
    SELECT i::bigint AS id, (hashint8(i) & 8388607) AS score, (i % 1000)::int AS kind FROM generate_series(1, 400000) AS i;
CREATE TABLE wide AS
    SELECT i::bigint AS id, repeat(md5(i::text), 28) AS body, (i % 50)::int AS kind FROM generate_series(1, 48000) AS i;
CREATE TABLE texts AS SELECT md5(i::text) AS token FROM generate_series(1, 200000) AS i;
CREATE TABLE large (id int, content text);
ALTER TABLE large ALTER content SET STORAGE EXTERNAL;
INSERT INTO large SELECT i, repeat(md5(i::text), 190) FROM generate_series(1, 3000) AS i;
CREATE TABLE changed WITH (autovacuum_enabled = off) AS SELECT * FROM narrow LIMIT 100000;
CREATE TABLE indexed WITH (autovacuum_enabled = off) AS SELECT md5(id::text)::uuid AS key, id, kind FROM changed;
CREATE INDEX indexed_key ON indexed (key);
CREATE TABLE parent AS SELECT md5(i::text)::uuid AS id FROM generate_series(1, 100000) AS i;
ALTER TABLE parent ADD PRIMARY KEY (id);
CREATE TABLE child AS SELECT md5((1 + i % 100000)::text)::uuid AS parent_id FROM generate_series(1, 200000) AS i;
CREATE TABLE checked AS SELECT i AS id FROM generate_series(1, 20000) AS i;
ALTER TABLE checked ADD PRIMARY KEY (id);
CREATE TABLE checking AS SELECT i + 20000 AS id FROM generate_series(1, 20000) AS i;
CREATE INDEX ON checking (id);
ALTER TABLE checking ADD FOREIGN KEY (id) REFERENCES checked NOT VALID;
CREATE TABLE document AS
    SELECT jsonb_build_object('kind', 'k' || i % 20, 'owner', hashint8(i) & 65535, 'note', md5(i::text)) AS data
    FROM generate_series(1, 20000) AS i;
CREATE TABLE span AS SELECT int4range(score, score + 10) AS during FROM narrow LIMIT 40000;
CREATE TABLE empty (id int)
