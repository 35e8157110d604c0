"""Integers that run full, and times that get a zone, by the same road."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from pgwright.model.change import ColumnConversion, ConvertColumns
from pgwright.model.finding import Finding
from pgwright.model.names import QualifiedName
from tests.support.alembic_project import Project, finding
from tests.support.database import Database
from tests.support.online_series import Series, comparable

EVENT, LOG = QualifiedName("public", "event"), QualifiedName("public", "log")
SCHEMA = """
CREATE TABLE event (id serial PRIMARY KEY, at timestamp(3) NOT NULL DEFAULT now(), until timestamp);
CREATE TABLE log (
    id integer GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 2 CACHE 5) PRIMARY KEY,
    event_id integer REFERENCES event ON DELETE SET NULL
);
CREATE INDEX ix_log_event ON log (event_id);
INSERT INTO event (at) SELECT '2026-07-01 12:00' FROM generate_series(1, 30);
INSERT INTO log (event_id) SELECT id FROM event;
"""
ROWS = "SELECT id, at, until FROM event ORDER BY id"


def widen() -> Finding:
    default = "nextval('event_id_seq'::regclass)"
    columns = (
        ColumnConversion(EVENT, "id", "integer", "bigint", default),
        ColumnConversion(LOG, "id", "integer", "bigint"),
        ColumnConversion(LOG, "event_id", "integer", "bigint"),
    )
    return finding("sequence-near-limit", "event", ConvertColumns(columns, ()))


def zone() -> Finding:
    at = ColumnConversion(
        EVENT, "at", "timestamp(3) without time zone", "timestamp(3) with time zone", "now()", time_zone="Europe/Berlin"
    )
    until = replace(
        at, column="until", from_type="timestamp without time zone", to_type="timestamp with time zone", default=None
    )
    return finding("timestamptz", "event", ConvertColumns((at, until), ()))


@pytest.mark.parametrize("asks", [widen, zone])
def test_it_comes_to_what_the_plain_rewrite_comes_to(project: Project, database: Database, asks: object) -> None:
    assert callable(asks)
    database.execute(SCHEMA)
    series = Series(project, asks())
    before = comparable(project.dump())
    series.to("contract")
    online, rows = comparable(project.dump()), database.rows(ROWS)
    series.back_to("base")
    assert comparable(project.dump()) == before
    for path in (project.folder / "versions").glob("*.py"):
        path.unlink()
    project.write(series.plain, "plain")
    project.upgrade("plain")
    assert comparable(project.dump()) == online
    assert database.rows(ROWS) == rows


def test_the_numbers_go_on_where_they_were(project: Project, database: Database) -> None:
    database.execute(SCHEMA)
    series = Series(project, widen())
    series.to("build")
    (before,) = database.rows("SELECT max(id) FROM log")[0]
    series.to("swap")
    (next_id,) = database.rows("INSERT INTO log (event_id) VALUES (1) RETURNING id")[0]
    assert isinstance(before, int)
    assert isinstance(next_id, int)
    assert next_id > before
    database.execute("ALTER SEQUENCE event_id_seq RESTART WITH 3000000000")
    assert database.rows("INSERT INTO event DEFAULT VALUES RETURNING id") == [(3_000_000_000,)]
    assert database.rows("SELECT id FROM pgwright_old.event WHERE id IS NULL") == [(None,)]


def test_it_does_not_go_back_where_a_number_would_be_lost(project: Project, database: Database) -> None:
    database.execute(SCHEMA)
    series = Series(project, widen())
    series.to("swap")
    database.execute("INSERT INTO event (id) VALUES (3000000000)")
    with pytest.raises(DBAPIError, match="id_old_filled"):
        series.back_to("build")
    assert database.rows("SELECT count(*) FROM event WHERE id = 3000000000") == [(1,)]


def test_a_time_is_the_same_moment_whoever_writes_it(project: Project, database: Database) -> None:
    database.execute(SCHEMA)
    series = Series(project, zone())
    series.to("build")
    for stage, old, new in (("build", "public", "pgwright_new"), ("swap", "pgwright_old", "public")):
        series.to(stage)
        with psycopg.connect(database.dsn, autocommit=True, options="-c timezone=UTC") as session:
            insert = f"INSERT INTO {new}.event (at) VALUES ('2026-07-01 10:00+00') RETURNING id"
            key = session.execute(insert).fetchone()
            found = session.execute(f"SELECT at::text FROM {old}.event WHERE id = %s", key)
            assert found.fetchone() == ("2026-07-01 12:00:00",)
            session.execute(f"UPDATE {old}.event SET until = '2026-12-01 12:00' WHERE id = %s", key)
            found = session.execute(f"SELECT until::text FROM {new}.event WHERE id = %s", key)
            assert found.fetchone() == ("2026-12-01 11:00:00+00",)
