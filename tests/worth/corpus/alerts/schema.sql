-- Alerts from other systems: defaults of uuid-ossp, upserts by external id, MD5 fingerprints, tags in jsonb.
-- As the extension uuid-ossp brings it, which the embedded server does not have.
CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT gen_random_uuid()';

CREATE TABLE provider (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), name text NOT NULL UNIQUE);

CREATE TABLE alert (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    provider_id uuid NOT NULL REFERENCES provider,
    external_id text NOT NULL,
    fingerprint varchar(32) NOT NULL,
    severity text NOT NULL,
    tags jsonb NOT NULL DEFAULT '[]',
    seen_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT uq_alert_external UNIQUE (provider_id, external_id)
);
CREATE INDEX ix_alert_fingerprint ON alert (fingerprint, seen_at DESC);

CREATE TABLE incident (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    title text NOT NULL,
    status text NOT NULL,
    opened_at timestamptz NOT NULL
);
CREATE INDEX ix_incident_opened_at ON incident (opened_at DESC);

CREATE TABLE alert_incident (
    alert_id uuid NOT NULL REFERENCES alert ON DELETE CASCADE,
    incident_id uuid NOT NULL REFERENCES incident ON DELETE CASCADE,
    PRIMARY KEY (alert_id, incident_id)
);
