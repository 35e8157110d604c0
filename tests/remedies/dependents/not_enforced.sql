-- from PostgreSQL 18
-- Foreign keys that are only documentation, or not validated, between columns that change their type.
CREATE TABLE guest (id bigint PRIMARY KEY, name text);
CREATE TABLE stay (id int PRIMARY KEY, guest_id int, host_id int, note text);
INSERT INTO guest SELECT n, 'g' || n FROM generate_series(1, 1000) n;
INSERT INTO stay SELECT n, 1 + n % 1200, 1 + n % 1000, 'n' || n FROM generate_series(1, 4000) n;
ALTER TABLE stay ADD CONSTRAINT stay_guest FOREIGN KEY (guest_id) REFERENCES guest NOT ENFORCED;
ALTER TABLE stay ADD CONSTRAINT stay_host FOREIGN KEY (host_id) REFERENCES guest NOT VALID;
COMMENT ON CONSTRAINT stay_host ON stay IS 'asked for by Ann; it''s';
CREATE INDEX ix_stay_note ON stay (note);
-- workload
SELECT * FROM stay JOIN guest ON guest.id = stay.guest_id WHERE guest.name = 'g7';
INSERT INTO stay VALUES (9000, 5000, 7);
DELETE FROM guest WHERE id = 900 AND NOT EXISTS (SELECT FROM stay WHERE host_id = 900);
