"""Estimated sizes against indexes really built."""

import pytest

from conftest import Database
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.planner.sizes import estimate_size
from pgwright.snapshot import read_snapshot

T = QualifiedName("public", "t")
SCHEMA = """
CREATE TABLE t (id int, big bigint, key text, few text, at timestamptz);
INSERT INTO t SELECT i, i * 1000::bigint, gen_random_uuid(), 'status ' || i % 5, now() - i * interval '1 s'
    FROM generate_series(1, 60000) i;
ANALYZE t;
"""


@pytest.mark.parametrize(
    ("columns", "include"),
    [(("id",), ()), (("key",), ()), (("few",), ()), (("few", "at"), ()), (("key", "at"), ()), (("id",), ("big",))],
)
def test_estimates_are_near_what_is_built(
    database: Database, columns: tuple[str, ...], include: tuple[str, ...]
) -> None:
    database.execute(SCHEMA)
    definition = IndexDefinition("built", T, tuple(IndexKey(column) for column in columns), include=include)
    estimated = estimate_size(definition, read_snapshot(database.dsn, with_schema=False), 60_000)
    database.execute(definition.sql())
    database.execute("CREATE EXTENSION pageinspect")
    ((pages, height),) = database.rows("SELECT pg_relation_size('built') / 8192, fastlevel FROM bt_metap('built')")
    assert estimated.pages == pytest.approx(pages, rel=0.15)
    assert estimated.tree_height == height
