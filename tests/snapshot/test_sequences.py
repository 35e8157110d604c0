"""Which column a sequence feeds, owned by it or not."""

from __future__ import annotations

import pytest

from pgwright.snapshot import read_snapshot
from tests.support.builders import run
from tests.support.database import Database

INTEGERS, BIGINTS = 2**31 - 1, 2**63 - 1


@pytest.mark.parametrize(
    ("sql", "column", "limit"),
    [
        ("CREATE TABLE t (id serial)", "id", INTEGERS),
        ("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY)", "id", INTEGERS),
        ("CREATE SEQUENCE t_id_seq; CREATE TABLE t (id int DEFAULT nextval('t_id_seq'))", "id", INTEGERS),
        ("CREATE SEQUENCE t_id_seq; CREATE TABLE t (id int DEFAULT nextval('t_id_seq'::text))", "id", INTEGERS),
        ("CREATE SEQUENCE t_id_seq; CREATE TABLE t (id int DEFAULT nextval('public.t_id_seq'::text))", "id", INTEGERS),
        (
            (
                "CREATE SEQUENCE t_id_seq; CREATE TABLE t (a bigint DEFAULT nextval('t_id_seq'),"
                " b smallint DEFAULT nextval('t_id_seq') + 1)"
            ),
            "b",
            2**15 - 1,
        ),
        (
            (
                "CREATE SEQUENCE t_id_seq; CREATE TABLE t (id int DEFAULT nextval('t_id_seq'), at date) PARTITION BY"
                " RANGE (at); CREATE TABLE a PARTITION OF t DEFAULT"
            ),
            "id",
            INTEGERS,
        ),
        (
            "CREATE DOMAIN key AS int; CREATE SEQUENCE t_id_seq; CREATE TABLE t (id key DEFAULT nextval('t_id_seq'))",
            "id",
            INTEGERS,
        ),
        ("CREATE SEQUENCE t_id_seq; CREATE TABLE t (id int)", None, BIGINTS),
    ],
)
def test_a_sequence_has_the_limit_of_the_column_that_it_feeds(
    database: Database, sql: str, column: str | None, limit: int
) -> None:
    database.execute(f"{sql}; SELECT setval('t_id_seq', 93 * {min(limit, INTEGERS)}::bigint / 100)")
    snapshot = read_snapshot(database.dsn)
    (sequence,) = snapshot.sequences
    assert (sequence.column, sequence.limit) == (column, limit)
    assert sequence.table is None or sequence.table.name == "t"
    assert len(run("sequence-near-limit", snapshot)) == (column is not None)


def test_keys_are_served_by_what_the_server_can_use(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
        CREATE TABLE both_filled (k1 int, k2 int, FOREIGN KEY (k1, k2) REFERENCES p);
        CREATE INDEX ON both_filled (k2, k1) WHERE k1 IS NOT NULL AND k2 IS NOT NULL;
        CREATE TABLE one_filled (k1 int, k2 int, FOREIGN KEY (k1, k2) REFERENCES p);
        CREATE INDEX ON one_filled (k1, k2) WHERE k2 IS NOT NULL;
        CREATE TABLE narrower (k1 int, k2 int, x int, FOREIGN KEY (k1, k2) REFERENCES p);
        CREATE INDEX ON narrower (k1, k2) WHERE k1 IS NOT NULL AND x IS NOT NULL;
        CREATE TABLE q (code text COLLATE "C" PRIMARY KEY);
        CREATE TABLE own (code text REFERENCES q); CREATE INDEX ON own (code);
        CREATE TABLE other (code text REFERENCES q); CREATE INDEX ON other (code COLLATE "C")
        """
    )
    found = run("unindexed-foreign-key", read_snapshot(database.dsn))
    assert [finding.object for finding in found] == ["narrower (k1, k2)", "other (code)"]


def test_indexes_of_a_partition_that_double_a_partitioned_one(database: Database) -> None:
    database.execute(
        """
        CREATE TABLE e (id int, at date, u int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE TABLE e_1 PARTITION OF e FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE TABLE e_2 PARTITION OF e FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') PARTITION BY RANGE (at);
        CREATE TABLE e_2a PARTITION OF e_2 DEFAULT;
        CREATE INDEX ON e (u);
        CREATE INDEX own_key ON e_1 (id, at); CREATE INDEX own ON e_1 (u);
        CREATE INDEX own_2 ON e_2 (u); CREATE INDEX own_2a ON e_2a (u)
        """
    )
    found = run("duplicate-index", read_snapshot(database.dsn))
    assert sorted(finding.object for finding in found) == ["own", "own_2", "own_2a", "own_key"]
