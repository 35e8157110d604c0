-- An event store, partitioned by month: streams are read by their key, projections by position.
CREATE TABLE stream (id int PRIMARY KEY, kind text NOT NULL);

CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY,
    stream_id int NOT NULL REFERENCES stream,
    version int NOT NULL,
    type text NOT NULL,
    body jsonb NOT NULL,
    happened_at timestamptz NOT NULL,
    PRIMARY KEY (happened_at, id)
) PARTITION BY RANGE (happened_at);
CREATE TABLE event_2026_05 PARTITION OF event FOR VALUES FROM ('2026-05-01 00:00+00') TO ('2026-06-01 00:00+00');
CREATE TABLE event_2026_06 PARTITION OF event FOR VALUES FROM ('2026-06-01 00:00+00') TO ('2026-07-01 00:00+00');
CREATE TABLE event_2026_07 PARTITION OF event FOR VALUES FROM ('2026-07-01 00:00+00') TO ('2026-08-01 00:00+00');
CREATE TABLE event_2026_08 PARTITION OF event FOR VALUES FROM ('2026-08-01 00:00+00') TO ('2026-09-01 00:00+00');
CREATE TABLE event_2026_09 PARTITION OF event FOR VALUES FROM ('2026-09-01 00:00+00') TO ('2026-10-01 00:00+00');
CREATE TABLE event_2026_10 PARTITION OF event FOR VALUES FROM ('2026-10-01 00:00+00') TO ('2026-11-01 00:00+00');

CREATE TABLE snapshot (
    stream_id int PRIMARY KEY REFERENCES stream,
    version int NOT NULL,
    state jsonb NOT NULL
);

CREATE TABLE checkpoint (projection text PRIMARY KEY, position bigint NOT NULL);
