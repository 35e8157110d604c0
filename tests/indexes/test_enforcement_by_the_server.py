"""Each pair of unique indexes: what we say that one enforces for the other is what the server refuses and takes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import psycopg
import pytest

from pgwright.indexes.coverage import enforces_as
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

TABLE = "CREATE TABLE t (a int NOT NULL, b int, s text, k text COLLATE \"C\"); INSERT INTO t VALUES (1, 1, 'x', 'x')"
UNIQUES = {
    "a": "CREATE UNIQUE INDEX {} ON t (a)",
    "a_desc": "CREATE UNIQUE INDEX {} ON t (a DESC)",
    "a_key": "ALTER TABLE t ADD CONSTRAINT {} UNIQUE (a)",
    "a_pkey": "ALTER TABLE t ADD CONSTRAINT {} PRIMARY KEY (a)",
    "a_deferrable": "ALTER TABLE t ADD CONSTRAINT {} UNIQUE (a) DEFERRABLE",
    "a_deferred": "ALTER TABLE t ADD CONSTRAINT {} UNIQUE (a) DEFERRABLE INITIALLY DEFERRED",
    "a_nulls": "CREATE UNIQUE INDEX {} ON t (a) NULLS NOT DISTINCT",
    "a_filled": "CREATE UNIQUE INDEX {} ON t (a) WHERE a IS NOT NULL",
    "a_new": "CREATE UNIQUE INDEX {} ON t (a) WHERE s = 'x'",
    "a_new_or_old": "CREATE UNIQUE INDEX {} ON t (a) WHERE s IN ('x', 'y')",
    "b": "CREATE UNIQUE INDEX {} ON t (b)",
    "b_with_a": "CREATE UNIQUE INDEX {} ON t (b) INCLUDE (a)",
    "b_nulls": "CREATE UNIQUE INDEX {} ON t (b) NULLS NOT DISTINCT",
    "b_filled": "CREATE UNIQUE INDEX {} ON t (b) WHERE b IS NOT NULL",
    "b_filled_nulls": "CREATE UNIQUE INDEX {} ON t (b) NULLS NOT DISTINCT WHERE b IS NOT NULL",
    "a_b": "CREATE UNIQUE INDEX {} ON t (a, b)",
    "b_a": "CREATE UNIQUE INDEX {} ON t (b, a DESC)",
    "b_a_nulls": "ALTER TABLE t ADD CONSTRAINT {} UNIQUE NULLS NOT DISTINCT (b, a)",
    "s": "CREATE UNIQUE INDEX {} ON t (s)",
    "s_bytewise": 'CREATE UNIQUE INDEX {} ON t (s COLLATE "C")',
    "s_pattern": "CREATE UNIQUE INDEX {} ON t (s text_pattern_ops)",
    "k": "CREATE UNIQUE INDEX {} ON t (k)",
    "lower": "CREATE UNIQUE INDEX {} ON t (lower(s))",
}  # fmt: skip
_NULL_TWICE = "INSERT INTO t VALUES (7, NULL), (8, NULL)"
# Refused only by an index that forbids it; taken, below, only with one that the statement can rest on.
REFUSED = {
    "a": "INSERT INTO t VALUES (1, 5)",
    "a at once": "INSERT INTO t VALUES (1, 5); DELETE FROM t",
    "a of x": "INSERT INTO t VALUES (1, 5, 'x')",
    "a of y": "INSERT INTO t VALUES (5, 5, 'y'), (5, 6, 'y')",
    "b": "INSERT INTO t VALUES (5, 1)",
    "NULL in b": _NULL_TWICE,
    "a, b": "INSERT INTO t VALUES (1, 1)",
    "a, NULL in b": "INSERT INTO t VALUES (7, NULL), (7, NULL)",
    "s": "INSERT INTO t VALUES (5, 5, 'x')",
    "lower(s)": "INSERT INTO t VALUES (5, 5, 'X')",
    "k": "INSERT INTO t VALUES (5, 5, 'z', 'x')",
}
TAKEN = {
    "key to a": "CREATE TABLE u (a int REFERENCES t (a))",
    "key to b": "CREATE TABLE u (b int REFERENCES t (b))",
    "key to a, b": "CREATE TABLE u (a int, b int, FOREIGN KEY (a, b) REFERENCES t (a, b))",
    "key to s": "CREATE TABLE u (s text REFERENCES t (s))",
    "conflict a": "INSERT INTO t VALUES (1, 1) ON CONFLICT (a) DO NOTHING",
    "conflict a of x": "INSERT INTO t VALUES (1, 1, 'x') ON CONFLICT (a) WHERE s = 'x' DO NOTHING",
    "conflict a of x or y": "INSERT INTO t VALUES (1, 1, 'x') ON CONFLICT (a) WHERE s IN ('x', 'y') DO NOTHING",
    "conflict a that is filled": "INSERT INTO t VALUES (1, 1) ON CONFLICT (a) WHERE a IS NOT NULL DO NOTHING",
    "conflict b": "INSERT INTO t VALUES (1, 1) ON CONFLICT (b) DO NOTHING",
    "conflict b that is filled": "INSERT INTO t VALUES (1, 1) ON CONFLICT (b) WHERE b IS NOT NULL DO NOTHING",
    "conflict b, a": "INSERT INTO t VALUES (1, 1) ON CONFLICT (b, a) DO NOTHING",
    "conflict s": "INSERT INTO t VALUES (1, 1, 'x') ON CONFLICT (s) DO NOTHING",
    "conflict s, bytewise": "INSERT INTO t VALUES (1, 1, 'x') ON CONFLICT (s COLLATE \"C\") DO NOTHING",
    "conflict lower(s)": "INSERT INTO t VALUES (1, 1, 'x') ON CONFLICT (lower(s)) DO NOTHING",
    "conflict k": "INSERT INTO t VALUES (1, 1, 'x', 'x') ON CONFLICT (k) DO NOTHING",
}


@pytest.fixture
def abilities(database: Database) -> Mapping[str, frozenset[str]]:
    """For each index what it alone refuses, and what it alone lets the server take."""
    database.execute(TABLE)
    found = {}
    with psycopg.connect(database.dsn) as connection:
        for name, create in UNIQUES.items():
            connection.execute(create.format(name).encode())
            refused = {what for what, statement in REFUSED.items() if not _runs(connection, statement)}
            taken = {what for what, statement in TAKEN.items() if _runs(connection, statement)}
            found[name] = frozenset(refused | taken)
            connection.rollback()
    return found


def _runs(connection: psycopg.Connection, statements: str) -> bool:
    """Tell whether statements run, checks at the commit included."""
    try:
        with connection.transaction(force_rollback=True):
            for statement in statements.split("; "):
                connection.execute(statement.encode())
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.IntegrityError:
        return False
    except (psycopg.ProgrammingError, psycopg.NotSupportedError, psycopg.OperationalError):
        return False
    return True


def test_no_index_is_said_to_enforce_what_the_server_does_not(
    database: Database, abilities: Mapping[str, frozenset[str]]
) -> None:
    assert all(abilities.values())
    database.execute(";".join(create.format(name) for name, create in UNIQUES.items()))
    snapshot = read_snapshot(database.dsn)
    (table,) = snapshot.tables
    definitions = {index.name.name: index.definition for index in snapshot.indexes}
    said = {(x, y) for x, y in permutations(UNIQUES, 2) if enforces_as(definitions[x], definitions[y], table)}
    true = {(x, y) for x, y in permutations(UNIQUES, 2) if abilities[x] >= abilities[y]}
    assert len(true) > 60
    assert said - true == set()
    # Never said: of a collation or class of its own; of a constraint that nothing can refer to, but SET CONSTRAINTS.
    own, deferrable = ("s_bytewise", "s_pattern"), ("a_deferrable", "a_deferred")
    assert all(x in own or y in ("s_pattern", *deferrable) for x, y in true - said)
