-- from PostgreSQL 14
-- Indexes that a function names, and that a view or a function has as a constant; comments and targets of indexes.
CREATE TABLE cart (id int PRIMARY KEY, updated timestamp, note text, total numeric, owner text, state text);
INSERT INTO cart SELECT n, now() - n * interval '1 min', 'n' || n, n, 'o' || n % 900, 's' || n % 700 FROM generate_series(1, 5000) n;
CREATE INDEX ix_cart_updated ON cart (updated);
CREATE INDEX ix_cart_total ON cart (total);
CREATE INDEX ix_cart_owner ON cart (owner);
CREATE INDEX ix_cart_note ON cart (lower(note), id);
ALTER INDEX ix_cart_note ALTER COLUMN 1 SET STATISTICS 321;
COMMENT ON INDEX ix_cart_note IS 'of the yearly report; it''s';
CREATE INDEX ix_cart_state ON cart (state);
CREATE FUNCTION tidy() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'REINDEX INDEX ix_cart_updated'; END $$;
CREATE VIEW sizes AS SELECT pg_relation_size('ix_cart_total'::regclass) AS bytes;
CREATE TABLE sized (id int PRIMARY KEY, bytes bigint DEFAULT pg_relation_size('ix_cart_owner'::regclass));
-- workload
SELECT tidy();
SELECT bytes FROM sizes;
INSERT INTO sized VALUES (1);
SELECT * FROM cart WHERE id = 7;
