"""How a plan of the log reads, in text and in JSON, and what is otherwise in another one."""

from __future__ import annotations

import psycopg
import pytest

from pgwright.logs.plans import Ways, ways_of, ways_of_text
from tests.support.database import Database

QUERIES = (
    "SELECT * FROM post WHERE id = 5",
    'SELECT "odd ""name" FROM "Odd (cost=1) on x" WHERE "odd ""name" = 5',
    "SELECT count(*) FROM post p LEFT JOIN post q ON p.author = q.id JOIN other.post o ON o.id = q.author",
    "SELECT * FROM post WHERE id IN (SELECT author FROM post WHERE title < 'b') AND author < 3 ORDER BY id DESC",
    "SELECT * FROM post WHERE NOT EXISTS (SELECT 1 FROM other.post o WHERE o.id = post.author)",
    "UPDATE post SET title = 'x' FROM other.post o WHERE o.id = post.id",
    "SELECT * FROM post WHERE ctid = '(0,1)'",
    "SELECT * FROM post TABLESAMPLE SYSTEM (10), generate_series(1, 3) n",
)
SETTINGS = ("", "enable_seqscan", "enable_hashjoin", "enable_nestloop", "enable_indexscan")


@pytest.fixture
def posts(database: Database) -> Database:
    database.execute("""
        CREATE SCHEMA other;
        CREATE TABLE post (id int PRIMARY KEY, author int, title text);
        CREATE TABLE other.post (id int PRIMARY KEY);
        CREATE TABLE "Odd (cost=1) on x" ("odd ""name" int PRIMARY KEY);
        INSERT INTO post SELECT i, i % 100, i FROM generate_series(1, 5000) i;
        INSERT INTO other.post SELECT generate_series(1, 500);
        VACUUM ANALYZE
    """)
    return database


def test_text_and_json_tell_the_same(posts: Database) -> None:
    seen: set[Ways] = set()
    with psycopg.connect(posts.dsn, autocommit=True) as connection:
        for setting in SETTINGS:
            if setting:
                connection.execute(f"SET {setting} = off".encode())
            for query in QUERIES:
                text = connection.execute(b"EXPLAIN " + query.encode()).fetchall()
                row = connection.execute(b"EXPLAIN (FORMAT JSON, VERBOSE) " + query.encode()).fetchone()
                assert row is not None
                ways = ways_of(row[0][0]["Plan"])
                assert ways_of_text(line for (line,) in text) == ways
                verbose = connection.execute(b"EXPLAIN (ANALYZE, VERBOSE) " + query.encode()).fetchall()
                assert ways_of_text(line for (line,) in verbose) == ways
                seen.add(ways)
    assert {scan for ways in seen for _, scan in ways.scans} >= {
        "Seq Scan", "Index Scan", "Bitmap Scan", "Tid Scan", "Sample Scan",
    }  # fmt: skip
    assert {join for ways in seen for join in ways.joins} == {"Nested Loop", "Hash Join", "Merge Join"}
    assert any(relation == "Odd (cost=1) on x" for ways in seen for relation, _ in ways.scans)


def test_differences_in_words() -> None:
    here = Ways((("post", "Index Scan"), ("user", "Seq Scan")), ("Nested Loop",))
    theirs = Ways((("post", "Seq Scan"), ("user", "Seq Scan")), ("Hash Join", "Hash Join"))
    assert here.differences(here) == ()
    assert theirs.differences(here) == (
        "post: Seq Scan in the log, Index Scan here", "Hash Join in the log, Nested Loop here",
    )  # fmt: skip
