-- Heirs of one and of several tables, whole rows kept in other tables, a table of a type.
CREATE TABLE asset (id text PRIMARY KEY, name text);
CREATE TABLE tagged (name text, tag_id text);
CREATE TABLE picture (width int) INHERITS (asset, tagged);
CREATE TABLE song (seconds int, PRIMARY KEY (id)) INHERITS (asset);
CREATE TABLE history (n int PRIMARY KEY, was asset, at timestamptz);
CREATE TYPE point_of_sale AS (id text, town text);
CREATE TABLE shop OF point_of_sale (PRIMARY KEY (id));
INSERT INTO asset SELECT md5(n::text)::uuid::text, 'a' || n FROM generate_series(1, 2000) n;
INSERT INTO song SELECT md5(n::text)::uuid::text, 's' || n, n FROM generate_series(2001, 4000) n;
INSERT INTO picture SELECT md5(n::text)::uuid::text, 'p' || n, md5((n - 3000)::text)::uuid::text, n FROM generate_series(4001, 6000) n;
INSERT INTO history SELECT n, (SELECT a FROM ONLY asset a LIMIT 1), now() FROM generate_series(1, 1500) n;
INSERT INTO shop SELECT md5(n::text)::uuid::text, 't' || n FROM generate_series(1, 1500) n;
CREATE INDEX ix_asset_name ON asset (name);
CREATE INDEX ix_song_name ON song (name);
CREATE INDEX ix_song_name_again ON song (name);
-- workload
SELECT * FROM asset WHERE id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
SELECT (was).id, (was).name FROM history WHERE n < 5;
INSERT INTO history SELECT 9999, a, now() FROM ONLY asset a WHERE a.name = 'a1';
SELECT * FROM shop WHERE id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
SELECT count(*) FROM picture p JOIN asset a ON a.id = p.tag_id;
SELECT name FROM song ORDER BY name LIMIT 5;
