-- Readings of meters: the primary key is the order in which they are read.
CREATE TABLE site (id int PRIMARY KEY, name text NOT NULL, zone text NOT NULL);
CREATE TABLE meter (id int PRIMARY KEY, site_id int NOT NULL REFERENCES site, serial text NOT NULL UNIQUE);
CREATE INDEX ix_meter_site_id ON meter (site_id);

CREATE TABLE reading (
    meter_id int NOT NULL REFERENCES meter ON DELETE CASCADE,
    at timestamptz NOT NULL,
    kwh numeric(12, 3) NOT NULL,
    PRIMARY KEY (meter_id, at)
);
CREATE INDEX ix_reading_at ON reading USING brin (at);

CREATE TABLE daily_usage (
    meter_id int NOT NULL REFERENCES meter ON DELETE CASCADE,
    day date NOT NULL,
    kwh numeric(12, 3) NOT NULL,
    PRIMARY KEY (meter_id, day)
);

CREATE TABLE alarm (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    meter_id int NOT NULL REFERENCES meter ON DELETE CASCADE,
    raised_at timestamptz NOT NULL,
    cleared_at timestamptz
);
CREATE INDEX ix_alarm_meter_id ON alarm (meter_id);
CREATE INDEX ix_alarm_raised_at_active ON alarm (raised_at) WHERE cleared_at IS NULL;
