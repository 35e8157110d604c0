"""The price on writes: each action on rows that exist, on both sides alike, and nothing of it stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.proof import MeasuredWrite
from pgwright.proof.writes import measure_writes, written_rows
from pgwright.snapshot import read_snapshot
from tests.proof.conftest import Copied
from tests.support import samples
from tests.support.database import Database
from tests.support.two_copies import ask

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
    return measure_writes(database.dsn, database.dsn, source, names, written={}, rounds=2, progress=lambda *_: None)


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
    assert {price.before.runs for price in prices} <= {2, 4, 8}
    assert all(price.before.runs == price.after.runs for price in prices)
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


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("timestamptz", "now()"), ("timestamp", "now()"), ("date", "now()"), ("int2", "1"), ("int4", "1"),
        ("int8", "1"), ("float8", "1"), ("numeric", "1"), ("bool", "true"),
    ],
)  # fmt: skip
def test_every_type_that_can_be_changed_in_place_is(database: Database, type_name: str, value: str) -> None:
    database.execute(f"CREATE TABLE k (id text PRIMARY KEY, c {type_name}); INSERT INTO k VALUES ('a', {value})")
    database.execute("ANALYZE k")
    prices, missing = measure(database, "k")
    assert ([(price.action, price.rows) for price in prices], missing) == (
        [("INSERT", 1), ("UPDATE", 1), ("DELETE", 1)],
        (),
    )


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


def test_what_an_index_costs_is_a_verdict_in_the_one_direction_of_ratios(database: Database, copied: Copied) -> None:
    database.execute(
        "CREATE TABLE k (id int PRIMARY KEY, c int); INSERT INTO k SELECT i, i FROM generate_series(1, 5000) i"
    )
    database.execute("VACUUM ANALYZE k")
    after = copied()
    after.execute("".join(f"CREATE INDEX ON k (md5(md5(c::text || {n})));" for n in range(12)))
    name = QualifiedName("public", "k")
    prices, _ = measure_writes(
        database.dsn, after.dsn, read_snapshot(database.dsn), [name], written={(name, "INSERT"): 5000},
        rounds=5, progress=lambda *_: None,
    )  # fmt: skip
    insert = prices[0]
    assert (insert.action, insert.verdict, insert.is_notably_slower) == ("INSERT", "slower", True)
    assert insert.ratio < 0.5
    lost = insert.before.median_ms - insert.after.median_ms
    assert insert.saved_ms == pytest.approx(10 * lost), "500 rows were measured, 5,000 written"
    assert {one.workload_rows for one in prices[1:]} == {0}


def test_rows_written_are_those_of_statements_that_were_not_measured_themselves(database: Database) -> None:
    database.execute(SCHEMA)
    ask(
        database,
        "INSERT INTO tag VALUES (2, 'b'), (3, 'c')",
        "UPDATE tag SET word = 'd' WHERE id = 1",
        "DELETE FROM tag",
    )
    source, tag = read_snapshot(database.dsn), QualifiedName("public", "tag")
    assert written_rows(source, ()) == {(tag, "INSERT"): 2, (tag, "UPDATE"): 1, (tag, "DELETE"): 3}
    (known,) = [one for one in source.statements if one.text.startswith("UPDATE")]
    measured = replace(samples.PROOF.statements[0], query_id=known.query_id)
    assert written_rows(source, [measured]) == {(tag, "INSERT"): 2, (tag, "DELETE"): 3}
