"""The twin plans as the source does, without a row: same shape, same cost to the last digit."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.errors import TwinError
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.snapshot import read_snapshot
from pgwright.twin.plans import read_plan
from pgwright.twin.twin import open_twin
from tests.support.database import Database

A, B = QualifiedName("public", "a"), QualifiedName("public", "b")
SCHEMA = """
CREATE TABLE a (id text PRIMARY KEY, n int, tags text[], "Mixed Case" text, at timestamptz DEFAULT now());
CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a_id text REFERENCES a, deleted_at timestamptz);
CREATE INDEX b_living ON b (a_id) WHERE deleted_at IS NULL;
CREATE INDEX a_tags ON a USING gin (tags);
CREATE INDEX a_lower ON a (lower("Mixed Case"));
CREATE TABLE p (id int, k int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10000);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10000) TO (20000);
CREATE INDEX ON p (k);
CREATE MATERIALIZED VIEW counts AS SELECT 1 AS n;
CREATE STATISTICS together ON n, at FROM a;
INSERT INTO a (id, n, tags, "Mixed Case") SELECT gen_random_uuid(), i % 70, ARRAY['x', 'y' || i % 3], 'Name ' || i
    FROM generate_series(1, 20000) i;
INSERT INTO b (a_id, deleted_at) SELECT id, CASE WHEN n = 3 THEN now() END FROM a, generate_series(1, 3);
INSERT INTO p SELECT i, i % 100 FROM generate_series(0, 19999) i;
VACUUM ANALYZE;
"""
STATEMENTS = [
    "SELECT * FROM a WHERE id = $1",
    "SELECT * FROM a WHERE n = $1 ORDER BY at DESC LIMIT 10",
    "SELECT * FROM a JOIN b ON b.a_id = a.id WHERE a.n = $1 AND b.deleted_at IS NULL",
    "SELECT n, count(*) FROM a GROUP BY n",
    "SELECT * FROM a WHERE id > $1 ORDER BY id LIMIT 5",
    "SELECT max(id) FROM a",
    "SELECT * FROM a WHERE tags @> ARRAY['y1']",
    'SELECT * FROM a WHERE lower("Mixed Case") = $1',
    "SELECT * FROM p WHERE k = $1",
    "SELECT * FROM p WHERE id = 5",
    "SELECT n FROM counts",
    "DELETE FROM b WHERE a_id = $1",
    "INSERT INTO a (id) VALUES ($1)",
]


@pytest.fixture
def source(database: Database) -> Database:
    database.execute(SCHEMA)
    return database


def test_plans_and_costs_are_those_of_the_source(source: Database, twin_server: EmbeddedServer) -> None:
    with (
        open_twin(read_snapshot(source.dsn), twin_server) as twin,
        psycopg.connect(source.dsn, autocommit=True) as connection,
    ):
        assert twin.left_out == ()
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for number, text in enumerate(STATEMENTS):
            connection.execute(f"PREPARE s{number} AS {text}".encode())
            arguments = "(NULL)" if "$1" in text else ""
            row = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE s{number}{arguments}".encode()).fetchone()
            assert row is not None
            expected = read_plan(row[0])
            planned = twin.explain(text)
            assert planned.shape == expected.shape, text
            # Of a GIN index's inner counts nothing can be read.
            tolerance = 0.02 if "a_tags" in expected.indexes else 0.0
            assert planned.total_cost == pytest.approx(expected.total_cost, rel=tolerance, abs=0), text


def test_planner_settings_of_the_source_hold(source: Database, twin_server: EmbeddedServer) -> None:
    with source.server.admin() as connection:
        connection.execute(f"ALTER DATABASE {source.name} SET random_page_cost = 1.1")
    with (
        psycopg.connect(source.dsn, autocommit=True) as connection,
        open_twin(read_snapshot(source.dsn), twin_server) as twin,
    ):
        row = connection.execute("EXPLAIN (FORMAT JSON) SELECT * FROM b WHERE a_id = 'x'").fetchone()
        assert row is not None
        assert twin.explain("SELECT * FROM b WHERE a_id = 'x'") == read_plan(row[0])


def test_a_candidate_is_planned_with_when_enabled_and_costs_what_the_real_one_costs(
    source: Database, twin_server: EmbeddedServer
) -> None:
    text = "SELECT * FROM a WHERE n = $1 ORDER BY at DESC LIMIT 10"
    definition = IndexDefinition("a_n_at", A, (IndexKey("n"), IndexKey("at", is_descending=True)))
    with open_twin(read_snapshot(source.dsn), twin_server) as twin:
        without = twin.explain(text, ["3"])
        (candidate,) = twin.add([definition])
        assert twin.explain(text, ["3"]) == without, "off until it is enabled"
        twin.enable([candidate])
        planned = twin.explain(text, ["3"])
        twin.enable([])
        assert twin.explain(text, ["3"]) == without
    source.execute(definition.sql())
    source.execute("VACUUM ANALYZE a")
    with open_twin(read_snapshot(source.dsn), twin_server) as twin:
        real = twin.explain(text, ["3"])
    assert real.indexes == ("a_n_at",)
    assert planned.total_cost == pytest.approx(real.total_cost, rel=0.03)
    assert planned.total_cost < without.total_cost / 10


def test_a_price_leaves_on_what_lies_elsewhere(source: Database, twin_server: EmbeddedServer) -> None:
    on_a = IndexDefinition("a_n", A, (IndexKey("n"),))
    on_b = IndexDefinition("b_a_id", B, (IndexKey("a_id"), IndexKey("deleted_at")))
    of_a, of_b = "SELECT * FROM a WHERE n = $1", "SELECT * FROM b WHERE a_id = $1 AND deleted_at > $2"
    with open_twin(read_snapshot(source.dsn), twin_server) as twin:
        one, other = (candidate.number for candidate in twin.add([on_a, on_b]))
        without, with_it = twin.price(of_a, None, frozenset()), twin.price(of_a, None, {one})
        bare = twin.price(of_b, None, frozenset())
        assert (without[1], with_it[1], bare[1]) == (frozenset(), frozenset({one}), frozenset())
        assert twin.price(of_b, None, {other}, among={other})[1] == {other}
        assert twin.price(of_a, None, {one}, among={one}) == with_it
        assert twin.candidates.on == {one, other}
        assert twin.price(of_a, None, frozenset(), among={one}) == without
        # Told wrongly where a statement reads, the twin does not plan with what was not asked for.
        assert twin.price(of_b, None, frozenset(), among={one}) == bare


def test_a_partial_candidate_is_as_large_as_its_predicate_lets(source: Database, twin_server: EmbeddedServer) -> None:
    snapshot = read_snapshot(source.dsn)
    whole = IndexDefinition("w", B, (IndexKey("id"),))
    partial = IndexDefinition("p", B, (IndexKey("id"),), predicate="deleted_at IS NOT NULL")
    with open_twin(snapshot) as twin:
        all_rows, some_rows = twin.add([whole, partial])
    assert some_rows.size.rows == pytest.approx(60_000 / 70, rel=0.1)
    assert all_rows.size.rows == pytest.approx(60_000, rel=0.01)


def test_a_candidate_that_the_server_refuses_is_left_out(source: Database, twin_server: EmbeddedServer) -> None:
    point = IndexDefinition("x", A, (IndexKey(None, "no_such_function(n)"),))
    with open_twin(read_snapshot(source.dsn), twin_server) as twin:
        assert twin.add([point]) == []
        # Many are made in one transaction, and one that is refused takes no other with it.
        others = [IndexDefinition("a_n", A, (IndexKey("n"),)), IndexDefinition("a_at", A, (IndexKey("at"),))]
        assert [one.definition for one in twin.add([others[0], point, others[1]])] == others


def test_the_twin_reads_nothing_of_the_source_and_leaves_no_database(
    source: Database, twin_server: EmbeddedServer
) -> None:
    snapshot = read_snapshot(source.dsn)
    with open_twin(snapshot, twin_server):
        assert twins(twin_server) == 1
    assert twins(twin_server) == 0


def twins(server: EmbeddedServer) -> int:
    with server.admin() as connection:
        row = connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'twin%'").fetchone()
    return int(row[0]) if row else 0


def test_what_cannot_be_restored_is_told(source: Database, twin_server: EmbeddedServer) -> None:
    snapshot = read_snapshot(source.dsn)
    broken = snapshot.schema_sql + "\nCREATE TABLE public.places (at geography);\n"
    with open_twin(replace(snapshot, schema_sql=broken), twin_server) as twin:
        (told,) = twin.left_out
        assert 'type "geography" does not exist' in told.reason
        assert twin.explain("SELECT n FROM a WHERE id = $1").indexes == ("a_pkey",)


def test_without_a_schema_there_is_no_twin(source: Database) -> None:
    with pytest.raises(TwinError, match="no schema"), open_twin(read_snapshot(source.dsn, with_schema=False)):
        pass


def test_a_table_larger_than_one_file_is_believed(source: Database, twin_server: EmbeddedServer) -> None:
    """Over 1 GiB a relation has several files; the twin's are as many, and use no disk."""
    snapshot = read_snapshot(source.dsn)
    huge = replace(snapshot.table_by_name[A], pages=300_000, analyzed_pages=300_000, row_estimate=2e7)
    tables = tuple(huge if table.name == A else table for table in snapshot.tables)
    with open_twin(replace(snapshot, tables=tables), twin_server) as twin:
        plan = twin.explain("SELECT * FROM a")
    assert plan.row_estimate == 20_000_000
    assert plan.total_cost >= 300_000
