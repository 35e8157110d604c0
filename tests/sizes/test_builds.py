"""The estimated time of a build: which index takes longer than which, and that it is the order of magnitude."""

from __future__ import annotations

import pytest

from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.sizes import estimate_size
from pgwright.sizes.builds import build_seconds
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

T = QualifiedName("public", "t")


@pytest.fixture
def snapshot(database: Database) -> Snapshot:
    database.execute(
        """
        CREATE EXTENSION vector;
        CREATE TABLE t (id int, name text, tags text[], e vector(64));
        INSERT INTO t SELECT i, md5(i::text), ARRAY['a' || i % 100, 'b' || i % 7, 'c' || i],
            (SELECT array_agg(random()) FROM generate_series(1, 64) WHERE i > 0)::vector
        FROM generate_series(1, 10000) i;
        ANALYZE t
        """
    )
    return read_snapshot(database.dsn, with_schema=False)


def seconds(snapshot: Snapshot, column: str, method: str = "btree", rows: int = 10_000, *parameters: str) -> float:
    definition = IndexDefinition("ix", T, (IndexKey(column),), method=method, parameters=parameters)
    return build_seconds(definition, snapshot, estimate_size(definition, snapshot, rows))


def test_methods_rank_as_they_do_when_built(snapshot: Snapshot) -> None:
    ranked = [
        seconds(snapshot, "id", "brin"),
        seconds(snapshot, "id"),
        seconds(snapshot, "name"),
        seconds(snapshot, "tags", "gin"),
        seconds(snapshot, "e", "hnsw"),
        seconds(snapshot, "e", "hnsw", 10_000, "m=32"),
    ]
    assert ranked == sorted(ranked)
    assert len(set(ranked)) == len(ranked)


def test_a_graph_that_exceeds_the_memory_takes_much_longer_per_row(snapshot: Snapshot) -> None:
    within, beyond = (seconds(snapshot, "e", "hnsw", rows) / rows for rows in (10_000, 1_000_000))
    assert beyond > 4 * within


def test_ten_thousand_rows_take_less_than_a_second_and_millions_take_seconds(snapshot: Snapshot) -> None:
    assert 0.001 < seconds(snapshot, "id") < 1
    assert 1 < seconds(snapshot, "id", rows=10_000_000) < 60


def test_a_partitioned_table_takes_as_long_as_all_its_partitions(database: Database) -> None:
    """Nobody analyzes the parent: autovacuum does not."""
    database.execute(
        """
        CREATE TABLE t (id int, name text);
        INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 40000) i;
        CREATE TABLE p (id int, name text) PARTITION BY RANGE (id);
        CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (20000);
        CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (20000) TO (50000);
        INSERT INTO p SELECT * FROM t;
        VACUUM ANALYZE t; VACUUM ANALYZE p_1; VACUUM ANALYZE p_2
        """
    )
    snapshot = read_snapshot(database.dsn, with_schema=False)
    whole, parts = (
        build_seconds(IndexDefinition("ix", QualifiedName("public", name), (IndexKey("id"),)), snapshot)
        for name in ("t", "p")
    )
    assert parts == pytest.approx(whole, rel=0.2)


def test_the_size_is_estimated_where_none_is_given(snapshot: Snapshot) -> None:
    definition = IndexDefinition("ix", T, (IndexKey("name"),))
    assert build_seconds(definition, snapshot) == pytest.approx(seconds(snapshot, "name"))
