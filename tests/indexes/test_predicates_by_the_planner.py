"""Each pair of some predicates: what we say follows from one is what the planner proves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from itertools import product

import psycopg
import pytest

from pgwright.indexes.predicates import implies, read_predicate
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

SCHEMA = """
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE t (
    a int, n int, big bigint, x numeric, f float8, v varchar(9), s text, c char(3), d date, b bool, m mood,
    at timestamptz);
INSERT INTO t SELECT i, i FROM generate_series(1, 1000) i
"""
PREDICATES = (
    "n IS NOT NULL", "n IS NULL", "n = 5", "n > 4", "n >= 5", "n >= 5::bigint", "5 < n", "n > -1", "n BETWEEN 5 AND 9",
    "n >= 5 AND n <= 9", "n IN (5, 7)", "n = ANY ('{5,7}')", "n = 5 OR n = 7", "n IN (5)", "n <> 9", "n < 5 OR n > 7",
    "n::text = '5'", "n > 4.5", "big > 4", "x > 0", "x = 1.50", "x IN (1.5, 2)", "x >= 1.5", "f > 0.1", "f >= 0.10",
    "f IN (0.5)", "f < 0.3 AND f > 0.2", "v = 'new'", "v IN ('new', 'old')", "v = 'new' OR v = 'old'", "v <> 'gone'",
    "v = 'new' AND n > 4", "v IS NOT NULL", "v LIKE 'n%'", "s = 'new'", "s = 'new'::varchar", "s IN ('new', 'old', '')",
    "s = ''", "s IS NULL", "s <> 'old'", "lower(s) = 'new'", "lower(v) = 'new'", "c = 'x'", "c = 'x '",
    "c::text = 'x'", "d > '2020-01-01'", "d = '2020-01-01'", "d = '2020-1-1'", "b", "NOT b", "b = true", "b IS TRUE",
    "b IS NOT NULL", "m = 'good'", "m IN ('good', 'bad')", "m IS NOT NULL", "at > '2020-01-01'",
    "n = 5 AND s = 'new' AND v IS NOT NULL", "coalesce(n, 0) = 1",
)  # fmt: skip


@pytest.fixture
def proofs(database: Database) -> dict[tuple[str, str], bool]:
    """For each two predicates, whether rows of the first are looked for in the index over rows of the second."""
    database.execute(SCHEMA)
    found = {}
    with psycopg.connect(database.dsn) as connection:
        connection.execute("SET enable_seqscan = off")
        for wanted in PREDICATES:
            connection.execute(f"CREATE INDEX ix ON t (a) WHERE {wanted}".encode())
            for given in PREDICATES:
                plan = connection.execute(f"EXPLAIN SELECT * FROM t WHERE a = 1 AND ({given})".encode()).fetchall()
                found[given, wanted] = any(" ix " in row[0] for row in plan)
            connection.execute("DROP INDEX ix")
    return found


def test_what_is_said_to_follow_is_proved_by_the_planner(
    database: Database, proofs: dict[tuple[str, str], bool]
) -> None:
    (table,) = read_snapshot(database.dsn).tables
    read = {text: read_predicate(text, table) for text in PREDICATES}
    pairs = list(product(PREDICATES, repeat=2))
    said = {(given, wanted) for given, wanted in pairs if implies(read[given], read[wanted])}
    proved = {pair for pair, is_proved in proofs.items() if is_proved}
    assert len(pairs) > 3_000
    assert said - proved == set()
    assert len(said) > 150
    assert [pair for pair in proved - said if not _OTHER_CONSTANTS & {*pair} and pair[1] not in _UNSAID[pair[0]]] == []


# Constants of another type or in another spelling.
_OTHER_CONSTANTS = {"n = ANY ('{5,7}')", "n >= 5::bigint", "d = '2020-1-1'", "c = 'x '"}
# The planner knows which functions are strict, and which strings differ.
_UNSAID: Mapping[str, Set[str]] = defaultdict(
    lambda: {"s <> 'old'", "v <> 'gone'"},
    {
        "lower(v) = 'new'": {"v IS NOT NULL"},
        "v LIKE 'n%'": {"v IS NOT NULL"},
        "n::text = '5'": {"n IS NOT NULL"},
        "n > 4.5": {"n IS NOT NULL"},
        "n < 5 OR n > 7": {"n IS NOT NULL"},
    },
)
# The server converts the constant or the column; what an app writes says less.
_CONVERTED = {"n = ANY ('{5,7}')", "n > 4.5", "d = '2020-1-1'", "at > '2020-01-01'"}


def test_the_words_of_the_server_say_what_those_of_an_app_say(database: Database) -> None:
    database.execute(SCHEMA)
    (table,) = read_snapshot(database.dsn).tables
    database.execute(";".join(f"CREATE INDEX ix_{n} ON t (a) WHERE {text}" for n, text in enumerate(PREDICATES)))
    printed = {index.name.name: index.definition.predicate for index in read_snapshot(database.dsn).indexes}
    differ = {
        text
        for n, text in enumerate(PREDICATES)
        if read_predicate(printed[f"ix_{n}"], table) != read_predicate(text, table)
    }
    assert differ == _CONVERTED
