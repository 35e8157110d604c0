-- A message app for many tenants: row-level security, the tenant set by each transaction.
CREATE TABLE tenant (id int PRIMARY KEY, name text NOT NULL);

CREATE TABLE member (
    id int PRIMARY KEY,
    tenant_id int NOT NULL REFERENCES tenant ON DELETE CASCADE,
    name text NOT NULL
);
CREATE INDEX ix_member_tenant_id ON member (tenant_id);

CREATE TABLE channel (
    id int PRIMARY KEY,
    tenant_id int NOT NULL REFERENCES tenant ON DELETE CASCADE,
    name text NOT NULL
);
CREATE INDEX ix_channel_tenant_id ON channel (tenant_id);

CREATE TABLE message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id int NOT NULL REFERENCES tenant ON DELETE CASCADE,
    channel_id int NOT NULL REFERENCES channel ON DELETE CASCADE,
    author_id int NOT NULL REFERENCES member ON DELETE CASCADE,
    body text NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_message_channel_id_sent_at ON message (channel_id, sent_at DESC);
CREATE INDEX ix_message_author_id ON message (author_id);

CREATE TABLE read_marker (
    member_id int NOT NULL REFERENCES member ON DELETE CASCADE,
    channel_id int NOT NULL REFERENCES channel ON DELETE CASCADE,
    last_read_id bigint NOT NULL,
    PRIMARY KEY (member_id, channel_id)
);
CREATE INDEX ix_read_marker_channel_id ON read_marker (channel_id);

ALTER TABLE member ENABLE ROW LEVEL SECURITY;
ALTER TABLE channel ENABLE ROW LEVEL SECURITY;
ALTER TABLE message ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON member USING (tenant_id = (SELECT current_setting('app.tenant_id')::int));
CREATE POLICY of_tenant ON channel USING (tenant_id = (SELECT current_setting('app.tenant_id')::int));
CREATE POLICY of_tenant ON message USING (tenant_id = (SELECT current_setting('app.tenant_id')::int));
