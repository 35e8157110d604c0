"""What pgwright itself, and a backup, ask of the database is no part of the app's workload."""

from __future__ import annotations

import subprocess

import pytest

from pgwright.database import connect
from pgwright.embedded import binaries
from pgwright.marks import MARK
from pgwright.model.snapshot import Snapshot
from pgwright.probe.catalog import read_catalog
from pgwright.probe.server import read_costs
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

SETUP = """
CREATE TABLE users (id int PRIMARY KEY, deleted_at timestamptz);
CREATE TABLE notes (id int PRIMARY KEY, user_id int REFERENCES users);
INSERT INTO users SELECT generate_series(1, 20);
INSERT INTO notes SELECT n, n % 20 + 1 FROM generate_series(1, 100) n
"""
IN_THIS_DATABASE = "dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"


@pytest.fixture
def app(database: Database) -> Database:
    database.execute(SETUP)
    return database


def _ask_as_probe(database: Database) -> None:
    with connect(database.dsn) as connection:
        catalog = read_catalog(connection, ["deleted_at"])
        notes, users = catalog.named("notes"), catalog.named("users")
        assert notes is not None
        assert users is not None
        assert len(catalog.values(users, "id")) == 4
        assert len(catalog.by_children(users, catalog.children_of(users))) == 20
        assert catalog.ancestor(notes, 7, users) == 8


def _about_tables(snapshot: Snapshot) -> list[str]:
    """Return the statements that read the tables, but those that filled them."""
    texts = [one.text for one in snapshot.statements if "users" in one.text or "notes" in one.text]
    return [text for text in texts if not text.startswith(("CREATE", "INSERT"))]


def _counted(database: Database, like: str) -> int:
    query = f"SELECT count(*) FROM pg_stat_statements WHERE {IN_THIS_DATABASE} AND query ILIKE '{like}'"
    return int(str(database.rows(query)[0][0]))


def test_what_we_read_is_left_out(app: Database) -> None:
    _ask_as_probe(app)
    read_snapshot(app.dsn)
    assert _counted(app, f"%{MARK}%users%") >= 2
    snapshot = read_snapshot(app.dsn)
    assert not [one.text for one in snapshot.statements if MARK in one.text]
    assert not [one.text for one in snapshot.statements if "pg_stat_statements(" in one.text]
    assert _about_tables(snapshot) == []
    assert (snapshot.not_examined, snapshot.unread_statements.count) == ((), 0)


@pytest.mark.parametrize("comes_first", [True, False])
def test_what_the_app_asks_alike_stays_its_own(app: Database, comes_first: bool) -> None:
    """Comments and aliases do not tell statements apart: they would count under the text of the first."""
    texts = (
        "SELECT id FROM users WHERE id IS NOT NULL AND deleted_at IS NULL LIMIT 4",
        "SELECT user_id FROM notes WHERE id = 7 LIMIT 1",
    )
    if not comes_first:
        _ask_as_probe(app)
    for text in texts:
        app.rows(text)
    _ask_as_probe(app)
    assert len(_about_tables(read_snapshot(app.dsn))) == len(texts)


def test_statements_of_a_probe_that_set_no_mark_are_known_by_their_text(app: Database) -> None:
    living = 'SELECT "id" AS value FROM "public"."users" WHERE "id" IS NOT NULL AND "deleted_at" IS NULL'
    counted = 'SELECT "user_id" AS value FROM "public"."notes" WHERE "user_id" IS NOT NULL LIMIT 50000'
    end = "(SELECT * FROM counted ORDER BY children {}, value LIMIT 20)"
    ends = f"{end.format('DESC')} UNION {end.format('ASC')}"
    for text in (
        f"{living} LIMIT 4",
        f"{living} AND \"id\" = ANY ('{{1,2}}')",
        'SELECT "user_id" AS value FROM "public"."notes" WHERE "id" = 7 LIMIT 1',
        f"WITH counted AS (SELECT value, count(*) AS children FROM ({counted}) AS sample GROUP BY value) {ends}",
    ):
        app.rows(text)
    app.rows('SELECT "id" AS value FROM "public"."users" WHERE "id" > 3')
    assert len(_about_tables(read_snapshot(app.dsn))) == 1


def test_a_backup_is_left_out_and_an_export_of_the_app_is_not(app: Database) -> None:
    before = read_snapshot(app.dsn)
    subprocess.run([binaries() / "pg_dump", app.dsn], check=True, capture_output=True)
    assert _counted(app, "COPY public.notes (id, user_id) TO stdout%") == 1
    app.execute("COPY (SELECT id FROM notes WHERE user_id = 3) TO '/dev/null'")
    snapshot = read_snapshot(app.dsn)
    copies = {one.text for one in snapshot.statements if one.text.startswith("COPY")}
    assert len(copies) == 1
    assert before.unread_statements.count == snapshot.unread_statements.count == 0


def test_costs_of_a_probe_are_shares_of_the_apps_time(app: Database) -> None:
    _ask_as_probe(app)
    ours = app.rows(f"SELECT queryid FROM pg_stat_statements WHERE {IN_THIS_DATABASE} AND query LIKE '%{MARK}%'")
    with connect(app.dsn) as connection:
        costs = read_costs(connection, [])
    seen = {number for cost in costs.values() for number in cost.query_ids}
    assert seen
    assert seen.isdisjoint(number for (number,) in ours)
