-- from PostgreSQL 15
-- Publications with row filters and column lists, replica identities that are duplicates of the primary key.
CREATE TABLE item (id text PRIMARY KEY, kind text NOT NULL, price int, note text);
CREATE TABLE stock (item_id text NOT NULL REFERENCES item, place int NOT NULL, amount int, PRIMARY KEY (item_id, place));
CREATE TABLE ledger (id int NOT NULL, line int NOT NULL, amount numeric);
INSERT INTO item SELECT md5(n::text)::uuid::text, 'k' || n % 5, n, 'x' FROM generate_series(1, 2000) n;
INSERT INTO stock SELECT md5((1 + n % 2000)::text)::uuid::text, n / 2000, n FROM generate_series(1, 6000) n;
INSERT INTO ledger SELECT n, 1, n FROM generate_series(1, 5000) n;
CREATE UNIQUE INDEX uq_ledger ON ledger (id, line);
CREATE UNIQUE INDEX uq_ledger_again ON ledger (id, line);
ALTER TABLE ledger REPLICA IDENTITY USING INDEX uq_ledger_again;
CREATE INDEX ix_item_kind ON item (kind);
CREATE INDEX ix_stock_place ON stock (place);
CREATE PUBLICATION cheap FOR TABLE item WHERE (id <> 'none'), stock (item_id, place, amount);
CREATE PUBLICATION all_ledger FOR TABLE ledger;
-- workload
SELECT * FROM item WHERE kind = 'k3' AND price < 20;
SELECT i.id, s.amount FROM item i JOIN stock s ON s.item_id = i.id WHERE i.price = 7;
UPDATE ledger SET amount = amount + 1 WHERE id = 7 AND line = 1;
DELETE FROM ledger WHERE id = 9;
UPDATE item SET note = 'y' WHERE id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
UPDATE stock SET amount = 3 WHERE item_id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
