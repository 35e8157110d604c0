-- Triggers on columns and with conditions, constraint triggers, functions whose bodies name the tables.
CREATE TABLE device (id text PRIMARY KEY, serial int NOT NULL);
CREATE TABLE reading (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, device_id text NOT NULL REFERENCES device, value int, at timestamptz DEFAULT now());
CREATE TABLE audit (device_id text, what text);
INSERT INTO device SELECT md5(n::text)::uuid::text, n FROM generate_series(1, 1500) n;
INSERT INTO reading (device_id, value) SELECT md5((1 + n % 1500)::text)::uuid::text, n FROM generate_series(1, 6000) n;
INSERT INTO audit SELECT id, 'made' FROM device;
CREATE INDEX ix_reading_value ON reading (value);
CREATE FUNCTION note_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit VALUES (new.id, 'changed ' || left(new.id, 8));
    RETURN new;
END $$;
CREATE TRIGGER device_changed AFTER UPDATE OF id ON device FOR EACH ROW WHEN (old.id <> new.id || '') EXECUTE FUNCTION note_device();
CREATE TRIGGER device_numbered AFTER UPDATE OF serial ON device FOR EACH ROW EXECUTE FUNCTION note_device();
CREATE FUNCTION no_minus() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.value < 0 THEN RAISE EXCEPTION 'minus'; END IF;
    RETURN new;
END $$;
CREATE CONSTRAINT TRIGGER reading_checked AFTER INSERT ON reading DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_minus();
CREATE TABLE owner (id bigint PRIMARY KEY);
CREATE TABLE thing (id int PRIMARY KEY, owner_id int NOT NULL REFERENCES owner, kind int, label text);
INSERT INTO owner SELECT generate_series(1, 1000);
INSERT INTO thing SELECT n, 1 + n % 1000, n % 7, 'L' || n FROM generate_series(1, 4000) n;
CREATE STATISTICS thing_both ON owner_id, kind FROM thing;
ALTER STATISTICS thing_both SET STATISTICS 500;
CREATE INDEX ix_thing_label ON thing (lower(label), owner_id);
ALTER INDEX ix_thing_label ALTER COLUMN 1 SET STATISTICS 400;
ALTER TABLE thing ALTER owner_id SET STATISTICS 300, ALTER owner_id SET (n_distinct = 1000);
GRANT SELECT (owner_id) ON thing TO PUBLIC;
-- workload
SELECT * FROM thing JOIN owner ON owner.id = thing.owner_id WHERE lower(thing.label) = 'l7';
UPDATE device SET serial = serial + 1 WHERE id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
INSERT INTO reading (device_id, value) VALUES ('c4ca4238-a0b9-2382-0dcc-509a6f75849b', 5);
SELECT * FROM audit a JOIN device d ON d.id = a.device_id WHERE d.serial = 7;
DELETE FROM reading WHERE device_id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
SELECT count(*) FROM audit WHERE what LIKE 'changed%';
