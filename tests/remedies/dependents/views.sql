-- Views, materialised views and rules on keys that are text or too narrow.
CREATE TABLE customer (id text PRIMARY KEY, name text NOT NULL);
CREATE TABLE purchase (id int PRIMARY KEY, customer_id text NOT NULL REFERENCES customer, total numeric, at timestamptz);
CREATE TABLE account (id bigint PRIMARY KEY);
CREATE TABLE entry (id int PRIMARY KEY, account_id int REFERENCES account, amount numeric NOT NULL);
INSERT INTO customer SELECT md5(n::text)::uuid::text, 'c' || n FROM generate_series(1, 2000) n;
INSERT INTO purchase SELECT n, md5((1 + n % 2000)::text)::uuid::text, n, now() - n * interval '1 hour' FROM generate_series(1, 6000) n;
INSERT INTO account SELECT generate_series(1, 2000);
INSERT INTO entry SELECT n, 1 + n % 2000, n FROM generate_series(1, 6000) n;
CREATE INDEX ix_purchase_at ON purchase (at);
CREATE INDEX ix_purchase_at_again ON purchase (at DESC);
CREATE INDEX ix_purchase_total ON purchase (total);
CREATE VIEW spent AS SELECT c.id, upper(c.id) AS shown, sum(p.total) AS total FROM customer c JOIN purchase p ON p.customer_id = c.id GROUP BY c.id;
CREATE MATERIALIZED VIEW balance AS SELECT account_id, sum(amount) AS amount FROM entry GROUP BY account_id;
CREATE UNIQUE INDEX ON balance (account_id);
CREATE INDEX balance_again ON balance (account_id);
CREATE VIEW open_entry AS SELECT id, account_id, amount FROM entry WHERE amount > 10;
CREATE RULE open_entry_gone AS ON DELETE TO open_entry DO INSTEAD DELETE FROM entry WHERE id = old.id;
GRANT SELECT ON spent, balance TO PUBLIC;
-- workload
SELECT * FROM spent WHERE id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
SELECT shown FROM spent ORDER BY total DESC LIMIT 3;
SELECT * FROM customer JOIN purchase ON purchase.customer_id = customer.id WHERE customer.name = 'c7';
REFRESH MATERIALIZED VIEW balance;
SELECT amount FROM balance WHERE account_id = 5;
DELETE FROM open_entry WHERE id = 77;
DELETE FROM account WHERE id = 2000 AND NOT EXISTS (SELECT FROM entry WHERE account_id = account.id);
SELECT * FROM purchase ORDER BY at DESC LIMIT 10;
