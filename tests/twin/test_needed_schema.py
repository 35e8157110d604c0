from dataclasses import replace

import psycopg
import pytest

from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.twin import needed_schema
from pgwright.twin.priced import read_workload
from pgwright.twin.twin import open_twin
from pgwright.workload import reading
from pgwright.workload.reading import to_plan
from tests.support.database import Database


@pytest.fixture
def large(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A schema that counts as large."""
    monkeypatch.setattr(needed_schema, "LARGE_SCHEMA_TABLES", 3)
    database.execute("""
        CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE "Odd Child" (id int PRIMARY KEY, p int REFERENCES parent);
        CREATE TABLE part (id int, at date) PARTITION BY RANGE (at);
        CREATE TABLE part1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
        CREATE TABLE other (id serial PRIMARY KEY, n int); CREATE INDEX other_n ON other (n);
        CREATE VIEW seen AS SELECT * FROM other;
    """)
    database.rows("SELECT pg_stat_statements_reset()")
    return database


def names(snapshot: Snapshot) -> set[str] | None:
    needed = needed_schema.needed_tables(snapshot)
    return None if needed is None else {name.name for name in needed}


def test_with_a_table_come_its_parents_and_partitions(large: Database) -> None:
    large.rows('SELECT * FROM "Odd Child" WHERE p = 1')
    large.rows("SELECT * FROM part1")
    snapshot = read_snapshot(large.dsn)
    assert names(snapshot) == {"Odd Child", "part", "part1"}
    assert {one.table.name for one in needed_schema.needed_part(snapshot).indexes} == {"Odd Child"}
    with open_twin(snapshot) as twin:
        assert twin.left_out == ()
        assert twin.explain('SELECT * FROM "Odd Child" WHERE id = 1').indexes == ("Odd Child_pkey",)
        assert "part1" in twin.explain("SELECT * FROM part").shape
        with pytest.raises(psycopg.errors.UndefinedTable):
            twin.explain("SELECT * FROM other")


def test_of_very_many_statements_those_are_planned_that_take_most_time(
    large: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.rows('SELECT * FROM "Odd Child" WHERE p = 1')
    large.rows("SELECT count(*) FROM generate_series(1, 300000) i CROSS JOIN other")
    snapshot = read_snapshot(large.dsn)
    times = {one.text: one.total_ms for one in snapshot.statements}
    dearest = max(to_plan(snapshot), key=lambda one: times[one.statement.text])
    monkeypatch.setattr(reading, "MOST_PLANNED", 1)
    snapshot = replace(snapshot)  # what was remembered of it is gone
    assert [one.statement for one in to_plan(snapshot)] == [dearest.statement]
    assert dearest.shape is not None
    assert needed_schema.needed_tables(snapshot) == dearest.shape.tables
    with open_twin(snapshot) as twin:
        workload = read_workload(snapshot, twin)
    assert [one.statement.query_id for one in workload.statements] == [dearest.statement.query_id]
    assert dearest.statement not in workload.beyond
    assert len(workload.beyond) == len([one for one in reading.read_statements(snapshot) if one.kind == "query"]) - 1


def test_a_statement_on_a_view_needs_everything(large: Database) -> None:
    large.rows("SELECT * FROM seen")
    snapshot = read_snapshot(large.dsn)
    assert names(snapshot) is None
    with open_twin(snapshot) as twin:
        assert "other" in twin.explain("SELECT * FROM seen").shape


def test_a_small_schema_is_restored_whole(large: Database) -> None:
    snapshot = read_snapshot(large.dsn)
    assert names(replace(snapshot, tables=snapshot.tables[:2])) is None
