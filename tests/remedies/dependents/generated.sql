-- Generated columns, checks, indexes and statistics on expressions.
CREATE TABLE person (
    id int PRIMARY KEY, email text NOT NULL, doc jsonb NOT NULL,
    email_key text GENERATED ALWAYS AS (lower(email)) STORED,
    CONSTRAINT email_is_one CHECK (strpos(email, '@') > 0));
INSERT INTO person SELECT n, 'U' || n || '@x.org', jsonb_build_object('kind', n % 7, 'tags', jsonb_build_array(n % 20)) FROM generate_series(1, 6000) n;
CREATE TABLE login (id int PRIMARY KEY, person_id int REFERENCES person, at timestamptz NOT NULL);
INSERT INTO login SELECT n, 1 + n % 6000, now() - n * interval '1 minute' FROM generate_series(1, 9000) n;
CREATE INDEX ix_person_kind ON person ((doc ->> 'kind'));
CREATE INDEX ix_person_lower ON person (lower(email));
CREATE INDEX ix_person_lower_again ON person (lower(email) DESC);
CREATE INDEX ix_login_day ON login (date_trunc('day', at AT TIME ZONE 'UTC'), id);
CREATE STATISTICS person_both (dependencies, ndistinct) ON email, email_key FROM person;
ALTER STATISTICS person_both SET STATISTICS 500;
ALTER INDEX ix_person_kind ALTER COLUMN 1 SET STATISTICS 700;
-- workload
SELECT * FROM person WHERE doc ->> 'kind' = '3' AND id < 50;
SELECT * FROM person WHERE email_key = 'u17@x.org';
SELECT count(*) FROM person WHERE lower(email) > 'u5';
SELECT date_trunc('day', at AT TIME ZONE 'UTC'), count(*) FROM login GROUP BY 1;
INSERT INTO person (id, email, doc) VALUES (9999, 'new@x.org', '{}');
DELETE FROM person WHERE id = 6001;
SELECT * FROM login JOIN person ON person.id = login.person_id WHERE person.id = 5;
