-- Partitions of partitions, with indexes and keys of their own beside the parents'.
CREATE TABLE owner (id int PRIMARY KEY);
INSERT INTO owner SELECT generate_series(1, 2000);
CREATE TABLE event (id bigint NOT NULL, at date NOT NULL, owner_id int REFERENCES owner, kind text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM ('2026-07-01') TO ('2027-01-01') PARTITION BY RANGE (at);
CREATE TABLE event_2a PARTITION OF event_2 FOR VALUES FROM ('2026-07-01') TO ('2026-10-01');
CREATE TABLE event_2b PARTITION OF event_2 DEFAULT;
INSERT INTO event SELECT n, '2026-01-01'::date + n % 360, 1 + n % 2000, CASE n % 3 WHEN 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 9000) n;
CREATE INDEX ix_event_kind ON event (kind);
CREATE INDEX ix_event_1_kind ON event_1 (kind);
CREATE INDEX ix_event_2b_kind ON event_2b (kind DESC);
CREATE INDEX ix_event_1_pair ON event_1 (id, at);
CREATE UNIQUE INDEX uq_event_1 ON event_1 (id);
CREATE INDEX ix_event_upper ON event (upper(kind));
CREATE TABLE mention (id int PRIMARY KEY, event_id bigint, event_at date, FOREIGN KEY (event_id, event_at) REFERENCES event);
INSERT INTO mention SELECT id, id, at FROM event WHERE id % 2 = 0;
-- workload
SELECT * FROM event WHERE owner_id = 7 AND at >= '2026-03-01';
DELETE FROM owner WHERE id = 3000;
INSERT INTO event_1 (id, at, owner_id, kind) VALUES (99999, '2026-02-02', 1, 'a') ON CONFLICT (id) DO NOTHING;
INSERT INTO event VALUES (5, '2026-02-02', 1, 'a') ON CONFLICT (id, at) DO UPDATE SET kind = excluded.kind;
SELECT count(*) FROM event WHERE upper(kind) = 'A';
SELECT * FROM event e JOIN mention m ON m.event_id = e.id AND m.event_at = e.at WHERE e.id = 8;
SELECT * FROM event_1 WHERE kind = 'a' ORDER BY id LIMIT 3;
