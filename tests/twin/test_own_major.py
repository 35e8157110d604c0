"""A twin on an older PostgreSQL, and what is said where there is none of the source's own version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from pgwright import pipeline
from pgwright.embedded import EmbeddedServer, run_server, wheel_programs
from pgwright.errors import ConfigError
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.twin.plans import read_plan
from pgwright.twin.priced import workload_limits
from pgwright.twin.restore import SERVER_SETTINGS
from pgwright.twin.servers import choose
from pgwright.twin.twin import Twin, open_twin
from tests.support.database import Database
from tests.support.postgres import FOLDER, older

pytestmark = pytest.mark.pg(">= 18")  # it brings its own older server

MAJOR = 14
T = QualifiedName("public", "t")
# The CHECK says as whom it is run.
SCHEMA = """
CREATE FUNCTION chk(text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('is_superuser') = 'on' AND current_database() LIKE 'twin%' THEN
        RAISE 'the superuser ran it';
    END IF;
    RETURN true;
END $$;
CREATE DOMAIN word AS text CHECK (public.chk(VALUE));
CREATE TABLE t (id int PRIMARY KEY, n int, w word, words word[], span int4range);
CREATE TABLE u (t_id int NOT NULL REFERENCES t, d int);
INSERT INTO t SELECT i, i % 300, 'w' || i % 40, ARRAY['a' || i % 7]::word[], int4range(i, i + 9)
    FROM generate_series(1, 20000) i;
INSERT INTO u SELECT 1 + i % 50, i FROM generate_series(1, 60000) i;
CREATE INDEX u_t_id ON u (t_id);
VACUUM ANALYZE;
"""
STATEMENTS = (
    "SELECT * FROM t WHERE n = 7",
    "SELECT * FROM t WHERE n = $1 AND w = $2",
    "SELECT * FROM t WHERE words = ARRAY['a3']::word[]",
    "SELECT * FROM t WHERE words @> ARRAY['a3']::word[]",
    "SELECT * FROM t WHERE span && int4range(5, 90)",
    "SELECT * FROM u JOIN t ON t.id = u.t_id WHERE u.d < $1",
)


@pytest.fixture(scope="module")
def own() -> Iterator[EmbeddedServer]:
    settings = {**SERVER_SETTINGS, "shared_preload_libraries": "pg_stat_statements"}
    with run_server(settings=settings, programs=older(MAJOR), is_confined=True) as server:
        yield server


@pytest.fixture(scope="module")
def source(own: EmbeddedServer) -> Database:
    own.create_database("source")
    database = Database(own, "source")
    database.execute("CREATE EXTENSION pg_stat_statements")
    database.execute(SCHEMA)
    database.rows("SELECT * FROM t WHERE n = 7 AND span @> 4")
    return database


@pytest.fixture(scope="module")
def snapshot(source: Database) -> Snapshot:
    return read_snapshot(source.dsn)


@pytest.fixture(scope="module")
def twin(snapshot: Snapshot, own: EmbeddedServer) -> Iterator[Twin]:
    with open_twin(snapshot, own) as built:
        yield built


def test_generic_plans_are_those_of_the_source_and_no_check_ran_as_superuser(source: Database, twin: Twin) -> None:
    assert twin.left_out == ()
    with psycopg.connect(source.dsn, autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for number, text in enumerate(STATEMENTS):
            connection.execute(f"PREPARE s{number} AS {text}".encode())
            nulls = f"({', '.join(['NULL'] * text.count('$'))})" if "$" in text else ""
            row = connection.execute(f"EXPLAIN (FORMAT JSON) EXECUTE s{number}{nulls}".encode()).fetchone()
            assert row is not None
            assert twin.explain(text) == read_plan(row[0]), text
    assert twin.planned_on.is_own_major
    assert twin.planned_on.version == older(MAJOR).version
    with pytest.raises(psycopg.errors.RaiseException, match="the superuser ran it"):
        assert_run_as_superuser(twin)


def assert_run_as_superuser(twin: Twin) -> None:
    """Show that the CHECK is there again, and would say as whom it is run."""
    twin.candidates.catalogs.execute("SELECT 'a'::public.word")


def test_candidates_leave_the_size_of_their_table_as_it_was(twin: Twin) -> None:
    before = [twin.explain(text) for text in STATEMENTS]
    definition = IndexDefinition("t_n", T, (IndexKey("n"),))
    assert "does not exist" in twin.refusal(IndexDefinition("x", T, (IndexKey(None, "no_such(n)"),)))
    assert twin.refusal(definition) == ""
    (candidate,) = twin.add([definition])
    assert [twin.explain(text) for text in STATEMENTS] == before
    twin.enable([candidate])
    assert twin.explain(STATEMENTS[0]).total_cost < before[0].total_cost / 2
    twin.clear()
    assert [twin.explain(text) for text in STATEMENTS] == before
    assert twin.most_on is not None


def test_a_value_that_does_not_fit_is_told_and_loses_no_other_one(snapshot: Snapshot, own: EmbeddedServer) -> None:
    statistics = tuple(
        replace(one, common_values=("no number", *one.common_values[1:]))
        if (one.relation, one.column) == (T, "n") and one.common_values
        else one
        for one in snapshot.statistics
    )
    with open_twin(replace(snapshot, statistics=statistics), own) as twin:
        (told,) = twin.left_out
        assert told.what == "statistics of t.n"
        assert 'invalid input syntax for type integer: "no number"' in told.reason
        assert twin.explain("SELECT * FROM t WHERE w = 'w7'").row_estimate == pytest.approx(500, rel=0.2)


def test_ranges_of_which_nothing_could_be_read_are_told(snapshot: Snapshot) -> None:
    assert not any("ranges" in limit for limit in workload_limits(snapshot))
    hidden = tuple(replace(one, range_empty_fraction=None) for one in snapshot.statistics)
    (told,) = (limit for limit in workload_limits(replace(snapshot, statistics=hidden)) if "ranges" in limit)
    assert "t.span" in told
    newer = replace(snapshot, statistics=hidden, server=replace(snapshot.server, version_number=170004))
    assert not any("ranges" in limit for limit in workload_limits(newer))


def test_the_verbs_plan_on_the_server_that_is_named_and_say_so(snapshot: Snapshot) -> None:
    advice = pipeline.advise(snapshot, server=FOLDER)
    assert (advice.planned_on.version, advice.planned_on.is_own_major) == (older(MAJOR).version, True)
    assert advice.planned_on.reason == ""
    comparison = pipeline.plan(snapshot, STATEMENTS[0], server=FOLDER)
    assert comparison.planned_on == advice.planned_on
    with pytest.raises(ConfigError, match="where no PostgreSQL is"):
        pipeline.plan(snapshot, STATEMENTS[0], server=FOLDER.parent / "nowhere")


def test_an_extension_that_only_the_wheel_has_decides(snapshot: Snapshot) -> None:
    with_vectors = replace(snapshot, server=replace(snapshot.server, extensions=("plpgsql", "vector")))
    comparison = pipeline.plan(with_vectors, STATEMENTS[0], server=FOLDER)
    assert comparison.planned_on.version == wheel_programs().version
    assert not comparison.planned_on.is_own_major
    assert comparison.planned_on.reason.endswith("lacks the extension vector")


def test_a_version_that_is_nowhere_is_planned_on_the_wheels(snapshot: Snapshot) -> None:
    newer = replace(snapshot, server=replace(snapshot.server, version_number=190001))
    choice = choose(newer, None)
    assert choice.programs == wheel_programs()
    assert choice.reason == "no programs of PostgreSQL 19 were found"


def test_planner_methods_that_the_source_does_not_know_are_off(snapshot: Snapshot, twin_server: EmbeddedServer) -> None:
    text = "SELECT * FROM u JOIN t ON t.id = u.t_id"
    newer = replace(snapshot, server=replace(snapshot.server, version_number=180000))
    oldest = replace(snapshot, server=replace(snapshot.server, version_number=130004))
    off = {"enable_hashjoin": "off", "enable_mergejoin": "off"}
    shapes = []
    for one in (newer, snapshot, oldest):
        with open_twin(one, twin_server) as twin, twin.configured(off):
            assert twin.planned_on.is_own_major == (one is newer)
            shapes.append("Memoize" in twin.explain(text).shape)
    assert shapes == [True, True, False]
