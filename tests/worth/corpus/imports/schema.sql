-- What an importer leaves behind: a staging table without key or statistics, text keys, a queue read whole.
CREATE TABLE source (id varchar(36) PRIMARY KEY, name text NOT NULL);

CREATE TABLE batch (
    id varchar(36) PRIMARY KEY,
    source_id varchar(36) NOT NULL REFERENCES source ON DELETE CASCADE,
    started_at timestamptz NOT NULL
);
CREATE INDEX ix_batch_source_id ON batch (source_id, started_at DESC);

CREATE TABLE record (batch_no int NOT NULL, line int NOT NULL, payload text NOT NULL);
CREATE INDEX ix_record_batch_no ON record (batch_no, line);

CREATE TABLE job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id varchar(36) NOT NULL REFERENCES batch ON DELETE CASCADE,
    status text NOT NULL,
    run_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0
);
CREATE INDEX ix_job_batch_id ON job (batch_id);
