"""A fix of a database on an older PostgreSQL is planned and measured on that version."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.embedded import run_server
from pgwright.proof.copies import make_copies
from pgwright.proof.forecast import forecast
from pgwright.proof.prove import prove
from pgwright.snapshot import read_snapshot
from tests.support.database import Database
from tests.support.postgres import FOLDER, older

pytestmark = pytest.mark.pg(">= 18")  # it brings its own older server

MAJOR = 14
INDEX = "CREATE INDEX post_author ON post (author)"


def apply(dsn: str) -> str:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(INDEX)
    return "by hand"


def test_copies_and_plans_are_of_the_sources_version() -> None:
    programs = older(MAJOR)
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    with run_server(settings=settings, programs=programs) as server:
        server.create_database("source")
        source = Database(server, "source")
        source.execute("""
            CREATE EXTENSION pg_stat_statements;
            CREATE TABLE post (id int PRIMARY KEY, author int, views int);
            INSERT INTO post SELECT i, i % 500, i FROM generate_series(1, 30000) i;
            VACUUM ANALYZE;
        """)
        source.rows("SELECT pg_stat_statements_reset()")
        source.rows("SELECT * FROM post WHERE author = 7")
        snapshot = read_snapshot(source.dsn)
        proof = prove(snapshot, source.dsn, apply=apply, read=read_snapshot, rounds=3, server=FOLDER)
    assert proof.server_version == programs.version
    assert (proof.planned_on.version, proof.planned_on.is_own_major) == (programs.version, True)
    assert proof.not_examined == ()
    (statement,) = proof.statements
    assert statement.results_equal
    assert {(price.table, price.action) for price in proof.writes} == {
        ("post", "INSERT"), ("post", "UPDATE"), ("post", "DELETE"),
    }  # fmt: skip
    (planned,) = (one for one in proof.planned if "FROM post" in one.text)
    assert "post_author" in planned.plan_after
    foretold = forecast(snapshot, apply=apply, read=read_snapshot, server=FOLDER)
    assert foretold.planned_on == proof.planned_on
    assert planned.plan_after in [one.plan_after for one in foretold.planned]


def test_a_staging_server_of_an_older_version_loses_nothing_that_the_source_had() -> None:
    """pg_restore sets transaction_timeout, which only 17 and later know."""
    with run_server(programs=older(MAJOR)) as server:
        server.create_database("source")
        source = Database(server, "source")
        source.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100)")
        source.execute("CREATE ROLE copies LOGIN CREATEDB")
        with make_copies(source.dsn, 0, staging=make_conninfo(server.dsn(), user="copies")) as made:
            assert (made.not_examined, made.lost_rows) == ((), ())
