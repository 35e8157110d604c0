-- A row per revision that ran (ordinal 0), and per statement that an autocommit block committed before its end.
CREATE TABLE IF NOT EXISTS :table (
    version_table text NOT NULL,
    revision text NOT NULL,
    is_upgrade boolean NOT NULL,
    run integer NOT NULL,
    ordinal integer NOT NULL,
    hash text NOT NULL,
    statement text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'abandoned')),
    started timestamptz NOT NULL,
    finished timestamptz,
    seconds double precision,
    waited double precision,
    tries integer,
    locks jsonb NOT NULL DEFAULT '{}',
    note jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (version_table, revision, is_upgrade, run, ordinal)
)
