"""The price on writes: each action on rows that exist, on both sides alike, and nothing of it stays."""

from __future__ import annotations

from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.proof import MeasuredWrite
from pgwright.proof.writes import measure_writes
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

SCHEMA = """
CREATE TABLE author (id int PRIMARY KEY, name text, score int, born date);
CREATE TABLE post (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author_id int NOT NULL REFERENCES author,
    views int, twice int GENERATED ALWAYS AS (views * 2) STORED);
INSERT INTO author SELECT i, 'n' || i, i, '2020-01-01' FROM generate_series(1, 600) i;
INSERT INTO post (author_id, views) SELECT i, i FROM generate_series(1, 597) i;
CREATE TABLE log (at timestamptz); INSERT INTO log VALUES (now());
CREATE TABLE tag (id int PRIMARY KEY, word text); INSERT INTO tag VALUES (1, 'a');
CREATE TABLE empty (id int PRIMARY KEY);
VACUUM ANALYZE;
"""


def measure(database: Database, *tables: str) -> tuple[tuple[MeasuredWrite, ...], tuple[NotExamined, ...]]:
    """Measure with one database as both sides."""
    names = [QualifiedName("public", table) for table in tables]
    source = read_snapshot(database.dsn)
    return measure_writes(database.dsn, database.dsn, source, names, rounds=2, progress=lambda *_: None)


def test_each_action_changes_so_many_rows_and_leaves_none_changed(database: Database) -> None:
    database.execute(SCHEMA)
    state = "SELECT (SELECT md5(string_agg(a::text, '' ORDER BY id)) FROM author a), (SELECT sum(views) FROM post)"
    before = database.rows(state)
    prices, missing = measure(database, "author", "post")
    assert missing == ()
    assert [(price.table, price.action, price.rows) for price in prices] == [
        ("author", "INSERT", 500), ("author", "UPDATE", 500), ("author", "DELETE", 3),
        ("post", "INSERT", 500), ("post", "UPDATE", 500), ("post", "DELETE", 5),
    ]  # fmt: skip
    assert {(price.before.runs, price.after.runs) for price in prices} == {(2, 2)}
    assert database.rows(state) == before


def test_a_table_without_key_or_rows_is_not_examined(database: Database) -> None:
    database.execute(SCHEMA)
    prices, missing = measure(database, "log", "empty")
    assert prices == ()
    assert [one.what for one in missing] == ["writes to log", "writes to empty"]
    assert {one.reason for one in missing} == {"it has no primary key, no rows or no heap"}


def test_a_table_in_which_nothing_can_be_changed_in_place_has_no_update(database: Database) -> None:
    database.execute(SCHEMA)
    prices, missing = measure(database, "tag")
    assert ([price.action for price in prices], missing) == (["INSERT", "DELETE"], ())


def test_an_action_that_the_server_refuses_is_told_and_the_others_go_on(database: Database) -> None:
    database.execute(SCHEMA + "; ALTER TABLE author ADD CHECK (born = '2020-01-01')")
    prices, missing = measure(database, "author")
    assert [price.action for price in prices] == ["INSERT", "DELETE"]
    assert [one.what for one in missing] == ["UPDATE on author"]
    assert "violates check constraint" in missing[0].reason


def test_the_column_that_the_workload_sets_is_the_one_that_is_updated(database: Database) -> None:
    # The last that may change is `born`, which the constraint guards; the app sets `score`.
    database.execute(SCHEMA + "; ALTER TABLE author ADD CHECK (born = '2020-01-01')")
    database.rows("SELECT pg_stat_statements_reset()")
    database.execute("UPDATE author SET score = 1 WHERE id = 1")
    prices, missing = measure(database, "author")
    assert ([price.action for price in prices], missing) == (["INSERT", "UPDATE", "DELETE"], ())
