-- Values that stand for "never", rows that expire and have to stay, a ledger.
CREATE TABLE link (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, url text NOT NULL, deleted_at timestamp NOT NULL DEFAULT '1000-01-01', CONSTRAINT link_url UNIQUE (url, deleted_at));
CREATE TABLE pass (id int PRIMARY KEY, holder text UNIQUE, deleted_at timestamptz NOT NULL DEFAULT 'infinity');
CREATE TABLE licence (id int PRIMARY KEY, key text UNIQUE NOT NULL, expires_at timestamptz NOT NULL);
CREATE TABLE purchase_order (id int PRIMARY KEY, number int UNIQUE, expires_at date, deleted_at timestamptz DEFAULT to_timestamp(0));
CREATE TABLE ledger (id int PRIMARY KEY, order_id int REFERENCES purchase_order ON DELETE CASCADE, amount numeric, deleted_at timestamptz);
INSERT INTO link (url, deleted_at) SELECT 'u' || n, CASE WHEN n % 10 = 0 THEN now() - n * interval '1 hour' ELSE timestamp '1000-01-01' END FROM generate_series(1, 6000) n;
INSERT INTO pass SELECT n, 'h' || n, CASE WHEN n % 10 = 0 THEN now() - interval '2 years' ELSE 'infinity' END FROM generate_series(1, 3000) n;
INSERT INTO licence SELECT n, 'k' || n, now() - n * interval '1 day' FROM generate_series(1, 3000) n;
INSERT INTO purchase_order SELECT n, n, '2020-01-01'::date + n % 900 FROM generate_series(1, 3000) n;
INSERT INTO ledger SELECT n, 1 + n % 3000, n, CASE WHEN n % 2 = 0 THEN '2020-01-01'::timestamptz + n * interval '1 hour' END FROM generate_series(1, 6000) n;
-- workload
SELECT * FROM link WHERE url = 'u77' AND deleted_at = '1000-01-01';
INSERT INTO link (url) VALUES ('u10') ON CONFLICT (url, deleted_at) DO NOTHING;
SELECT * FROM licence WHERE key = 'k2999';
SELECT sum(amount) FROM ledger;
SELECT * FROM pass WHERE holder = 'h7' AND deleted_at > now();
SELECT * FROM purchase_order o JOIN ledger l ON l.order_id = o.id WHERE o.number = 7;
