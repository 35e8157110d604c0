-- Row-level security, column privileges and a security-definer function.
CREATE TABLE tenant (id text PRIMARY KEY, name text);
CREATE TABLE note (id int PRIMARY KEY, tenant_id text NOT NULL REFERENCES tenant, body text, deleted_at timestamptz);
INSERT INTO tenant SELECT md5(n::text)::uuid::text, 't' || n FROM generate_series(1, 1500) n;
INSERT INTO note SELECT n, md5((1 + n % 1500)::text)::uuid::text, 'b' || n, CASE WHEN n % 3 = 0 THEN now() END FROM generate_series(1, 6000) n;
CREATE INDEX ix_note_tenant ON note (tenant_id);
CREATE INDEX ix_note_tenant_body ON note (tenant_id, body);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_notes ON note USING (tenant_id = current_setting('app.tenant', true));
CREATE POLICY all_tenants ON tenant USING (id LIKE '%-%');
GRANT SELECT (id, tenant_id), UPDATE (body) ON note TO PUBLIC;
CREATE FUNCTION note_count(tenant text) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM note WHERE tenant_id = tenant';
-- workload
SELECT set_config('app.tenant', 'c4ca4238-a0b9-2382-0dcc-509a6f75849b', true), count(*) FROM note WHERE deleted_at IS NULL;
SELECT * FROM note WHERE tenant_id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b' AND deleted_at IS NULL ORDER BY id LIMIT 5;
SELECT note_count('c4ca4238-a0b9-2382-0dcc-509a6f75849b');
SELECT t.name, n.body FROM tenant t JOIN note n ON n.tenant_id = t.id WHERE t.name = 't5';
UPDATE note SET body = 'x' WHERE tenant_id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
