"""Statistics are written by the superuser: of no other types than the catalog's, and no function of the source runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from pgwright.embedded import EmbeddedServer, run_server
from pgwright.model.names import QualifiedName
from pgwright.model.server import Role
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import CommonCombination, Dependency, DistinctCombinations, ExtendedStatistics
from pgwright.snapshot import read_snapshot
from pgwright.snapshot.soundness import faults
from pgwright.twin.domains import refuse_checks
from pgwright.twin.restore import SERVER_SETTINGS
from pgwright.twin.twin import open_twin
from tests.support.builders import make_snapshot
from tests.support.database import Database
from tests.support.postgres import older

pytestmark = pytest.mark.pg(">= 18")  # it brings its own older server

# Before PostgreSQL 18 the superuser reads values; the trap makes a superuser of the owner where one runs it.
TRAPS = """
CREATE SCHEMA app;
CREATE FUNCTION app.trap(int) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN
    IF current_database() LIKE 'twin%' THEN EXECUTE 'ALTER ROLE pgwright_owner SUPERUSER'; END IF;
    RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true;
END $f$;
CREATE DOMAIN app.d AS int {check};
CREATE FUNCTION app.act() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN
    IF current_database() LIKE 'twin%' THEN {act} END IF;
    RETURN 1; EXCEPTION WHEN OTHERS THEN RETURN 1;
END $f$;
CREATE FUNCTION app.fold(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN app.act(); END';
CREATE TYPE app.pair AS (a app.d, b int);
CREATE FUNCTION app.pairs(int) RETURNS app.pair LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1 % 3, 1)::app.pair';
CREATE TABLE app.t (n int, p app.pair);
INSERT INTO app.t SELECT i, app.pairs(i) FROM generate_series(1, 300) i;
"""


@pytest.fixture(scope="module")
def own() -> Iterator[EmbeddedServer]:
    with run_server(settings=SERVER_SETTINGS, programs=older(16), is_confined=True) as server:
        server.require_owner()
        yield server


@pytest.fixture
def source(own: EmbeddedServer) -> Iterator[Database]:
    own.create_database("source")
    yield Database(own, "source")
    own.drop_database("source")
    with own.admin() as connection:
        connection.execute("ALTER ROLE pgwright_owner NOSUPERUSER")


def owner_is_superuser(own: EmbeddedServer) -> bool:
    with own.admin() as connection:
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'pgwright_owner'").fetchone()
    return row is None or bool(row[0])


def test_a_check_that_comes_back_while_statistics_are_made_is_not_run(own: EmbeddedServer, source: Database) -> None:
    source.execute(TRAPS.format(check="", act="ALTER DOMAIN app.d ADD CHECK (app.trap(VALUE)) NOT VALID;"))
    source.execute("CREATE STATISTICS app.s ON (n + app.fold(1)), (app.pairs(n)) FROM app.t; ANALYZE app.t")
    with open_twin(read_snapshot(source.dsn), own) as twin:
        assert not owner_is_superuser(own)
        (told,) = twin.left_out
    assert "extended statistics app.s" in told.what
    assert told.reason == "not copied to the twin: the CHECK of a domain would be run"


def test_a_check_in_a_session_at_work_is_not_run(own: EmbeddedServer, source: Database) -> None:
    """It would be there when that session commits."""
    source.execute(TRAPS.format(check="", act="NULL;") + "ANALYZE app.t")
    snapshot = read_snapshot(source.dsn)
    with open_twin(snapshot, own) as twin:
        name = twin._owner.info.dbname
        with own.owner(name) as other, other.transaction():
            other.execute("ALTER DOMAIN app.d ADD CHECK (app.trap(VALUE)) NOT VALID")
            with pytest.raises(psycopg.Error, match="another session"), twin.candidates.catalogs.transaction():
                refuse_checks(twin.candidates.catalogs)


def test_the_check_of_a_domain_that_was_given_away_is_not_run(own: EmbeddedServer, source: Database) -> None:
    give = "GRANT ALL ON SCHEMA app TO bob_of_app; ALTER DOMAIN app.d OWNER TO bob_of_app;"
    source.execute(TRAPS.format(check="CHECK (app.trap(VALUE))", act=give))
    source.execute("CREATE INDEX i ON app.t ((n + app.fold(1))); ANALYZE app.t")
    with open_twin(replace(read_snapshot(source.dsn), roles=(Role("bob_of_app", False, False),)), own) as twin:
        assert not owner_is_superuser(own)
        owners = "SELECT typowner::regrole::text FROM pg_type WHERE typname = 'd'"
        assert twin._owner.execute(owners).fetchone() == ("bob_of_app",)
        assert twin.left_out == ()
        again = read_snapshot(own.dsn(twin._owner.info.dbname), with_schema=False)
    assert [one.common_values for one in again.statistics if one.column == "p"] == [("(0,1)", "(1,1)", "(2,1)")]


def combined(database: Database) -> Snapshot:
    database.execute("""
        CREATE TABLE n (a int, b int); CREATE TABLE u (a text, b text);
        INSERT INTO n SELECT i % 3, i % 3 FROM generate_series(1, 300) i;
        INSERT INTO u SELECT 'x' || i % 3, 'x' || i % 3 FROM generate_series(1, 300) i;
        CREATE STATISTICS ns ON a, b, (a + b) FROM n; CREATE STATISTICS us ON a, b, (a || b) FROM u;
        ANALYZE n, u;
    """)
    return read_snapshot(database.dsn)


@pytest.mark.parametrize("major", [16, 18])
def test_statistics_of_another_table_are_not_taken_for_its_own(
    major: int, own: EmbeddedServer, source: Database, database: Database, twin_server: EmbeddedServer
) -> None:
    snapshot = combined(source if major == 16 else database)
    of_numbers, of_texts = snapshot.extended_statistics
    values: dict[str, Any] = {"common": of_numbers.common, "expression_statistics": of_numbers.expression_statistics}
    forged = replace(of_texts, table=QualifiedName("public", "n"), expressions=of_numbers.expressions, **values)
    other_keys = replace(forged, columns=("b", "a"))
    server = own if major == 16 else twin_server
    for one in (forged, other_keys):
        with open_twin(replace(snapshot, extended_statistics=(of_numbers, one)), server) as twin:
            for condition in ("a = 'x1' AND b = 'x1'", "a IN ('x1', 'x2') AND b < 'y'", "a || b = 'x1x1' AND a = 'x1'"):
                assert twin.explain(f"SELECT * FROM u WHERE {condition}").total_cost > 0
            assert (twin.left_out != ()) == (one is other_keys)


@pytest.mark.parametrize(
    "change",
    [
        {"common": ((("1",), 0.5, 0.5),)}, {"distinct": (((0, 9), 3.0),)}, {"distinct": (((-1, 0), 3.0),)},
        {"dependencies": (((0,), 1.0),)}, {"dependencies": (((0, 0), 1.0),)}, {"expression_statistics": (None, None)},
        {"columns": tuple("abcdefghi")},
    ],
)  # fmt: skip
def test_a_file_of_uneven_extended_statistics_is_refused(change: dict[str, tuple[Any, ...]]) -> None:
    kinds: dict[str, Any] = {"common": CommonCombination, "distinct": DistinctCombinations, "dependencies": Dependency}
    name = QualifiedName("public", "s")
    sound = ExtendedStatistics(name, name, ("mcv",), ("a", "b"), ("(a + b)",), False, True)
    snapshot = make_snapshot(extended_statistics=(sound,))
    assert list(faults(snapshot)) == []
    made: dict[str, Any] = {
        key: tuple(kinds[key](*one) for one in values) if key in kinds else values for key, values in change.items()
    }
    assert list(faults(replace(snapshot, extended_statistics=(replace(sound, **made),))))
