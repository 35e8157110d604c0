-- Deferrable constraints beside plain unique indexes, exclusion constraints, deferred keys.
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TABLE slot (id int PRIMARY KEY, list_id int NOT NULL, place int NOT NULL, CONSTRAINT slot_place UNIQUE (list_id, place) DEFERRABLE);
CREATE TABLE chapter (id int PRIMARY KEY, book int NOT NULL, number int NOT NULL, CONSTRAINT chapter_number UNIQUE (book, number) DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX uq_chapter_now ON chapter (number, book);
CREATE INDEX ix_slot_place ON slot (list_id, place);
CREATE TABLE booking (id int PRIMARY KEY, room int, during tsrange, CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&));
CREATE INDEX ix_booking ON booking USING gist (room, during);
CREATE TABLE part (id int PRIMARY KEY, of_id int REFERENCES part DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE remark (book int, number int, body text, FOREIGN KEY (number, book) REFERENCES chapter (number, book));
INSERT INTO slot SELECT n, n / 10, n % 10 FROM generate_series(1, 5000) n;
INSERT INTO chapter SELECT n, n / 10, n % 10 FROM generate_series(1, 5000) n;
INSERT INTO booking SELECT n, n % 50, tsrange('2026-01-01'::timestamp + n * interval '1 day', '2026-01-01'::timestamp + (n + 1) * interval '1 day') FROM generate_series(1, 2000) n;
INSERT INTO part SELECT n, nullif(n / 2, 0) FROM generate_series(1, 3000) n;
INSERT INTO remark SELECT n / 10, n % 10, 'r' FROM generate_series(1, 3000) n;
-- workload
SET CONSTRAINTS slot_place DEFERRED;
SET CONSTRAINTS chapter_number IMMEDIATE;
WITH a AS (SELECT set_config('x.y', '1', true)) UPDATE slot SET place = place + 100 WHERE list_id = 7;
INSERT INTO chapter VALUES (9999, 77, 100) ON CONFLICT (book, number) DO NOTHING;
INSERT INTO part VALUES (9998, 9999), (9999, 1);
INSERT INTO booking VALUES (9999, 7, tsrange('2000-01-01', '2000-01-02'));
SELECT * FROM booking WHERE room = 7 AND during && tsrange('2026-02-01', '2026-02-03');
DELETE FROM part WHERE id = 3000;
SELECT * FROM slot WHERE list_id = 8 ORDER BY place;
