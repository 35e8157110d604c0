"""Over random graphs of foreign keys: what has to go is gone, what stays is as it was, by a model in Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from pgwright_runtime.erasure import Anonymise, Delete, Erasure, erase, preview
from pgwright_runtime.erasure.declaration import Rule
from tests.support.database import Database

SECRET = "a secret for random graphs"
PERSON = 1
Fate = Literal["delete", "anonymise", "nothing"]
Action = Literal["CASCADE", "SET NULL", "NO ACTION"]
Row = dict[str, object]


@dataclass(frozen=True)
class Key:
    """A foreign key: column `c<number>` of table `t<child>`."""

    number: int
    child: int
    parent: int
    action: Action
    rule: Fate

    @property
    def column(self) -> str:
        return f"c{self.number}"


@dataclass(frozen=True)
class World:
    tables: int
    keys: tuple[Key, ...]
    rows: dict[int, list[Row]]
    without_key: frozenset[int]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    tables = draw(st.integers(2, 5))
    keys: list[Key] = []
    for number in range(draw(st.integers(1, 8))):
        child, parent = draw(st.integers(0, tables - 1)), draw(st.integers(0, tables - 1))
        action: Action = draw(st.sampled_from(["CASCADE", "SET NULL", "NO ACTION"]))
        rule: Fate = draw(st.sampled_from(["delete", "anonymise"]))
        keys.append(Key(number, child, parent, action, rule))
    nameless = {key.child for key in keys if key.rule == "anonymise"}
    # What the foreign key says itself is enough, where the row above it goes.
    silent = [
        key.action == "SET NULL" or (key.action == "CASCADE" and key.child != 0 and key.parent not in nameless)
        for key in keys
    ]
    keys = [
        Key(key.number, key.child, key.parent, key.action, "nothing") if may and draw(st.booleans()) else key
        for key, may in zip(keys, silent, strict=True)
    ]
    rows: dict[int, list[Row]] = {}
    sizes = [draw(st.integers(1, 5)) for _ in range(tables)]
    for table in range(tables):
        own = [key for key in keys if key.child == table]
        rows[table] = [
            {"id": n, "mark": f"t{table}-{n}", **{
                key.column: draw(st.none() | st.integers(1, sizes[key.parent])) for key in own
            }}
            for n in range(1, sizes[table] + 1)
        ]  # fmt: skip
    leaves = set(range(1, tables)) - {key.parent for key in keys}
    return World(tables, tuple(keys), rows, frozenset(t for t in leaves if draw(st.booleans())))


def expected(world: World) -> dict[int, list[Row]]:
    """Return the rows that are left, and as what."""
    going: set[tuple[int, object]] = {(0, PERSON)}
    nameless: set[tuple[int, object, Key]] = set()
    while True:
        before = len(going) + len(nameless)
        for key in world.keys:
            for row in world.rows[key.child]:
                above = (key.parent, row[key.column])
                from_going = above in going
                from_nameless = any((table, number) == above for table, number, _ in nameless)
                is_there = row[key.column] is not None and (from_going or from_nameless)
                goes = key.rule == "delete" or (key.rule == "nothing" and key.action == "CASCADE" and from_going)
                if is_there and goes:
                    going.add((key.child, row["id"]))
                elif is_there and key.rule == "anonymise":
                    nameless.add((key.child, row["id"], key))
        if len(going) + len(nameless) == before:
            break
    left: dict[int, list[Row]] = {}
    for table, rows in world.rows.items():
        left[table] = []
        for row in rows:
            if (table, row["id"]) in going:
                continue
            changed = dict(row)
            for key in world.keys:
                if key.child != table:
                    continue
                if (table, row["id"], key) in nameless:
                    changed |= {key.column: None, "mark": None}
                elif key.action == "SET NULL" and (key.parent, row[key.column]) in going:
                    changed[key.column] = None
            left[table].append(changed)
    return left


def create(world: World, connection: psycopg.Connection) -> None:
    connection.execute("DROP SCHEMA public CASCADE")
    connection.execute("CREATE SCHEMA public")
    for table in range(world.tables):
        columns = "".join(f", {key.column} int" for key in world.keys if key.child == table)
        unique = "" if table in world.without_key else "PRIMARY KEY"
        connection.execute(f"CREATE TABLE t{table} (id int {unique}, mark text{columns})".encode())
        for row in world.rows[table]:
            names, holes = ", ".join(row), ", ".join(["%s"] * len(row))
            connection.execute(f"INSERT INTO t{table} ({names}) VALUES ({holes})".encode(), list(row.values()))
    for key in world.keys:
        reference = f"FOREIGN KEY ({key.column}) REFERENCES t{key.parent} ON DELETE {key.action}"
        connection.execute(f"ALTER TABLE t{key.child} ADD {reference}".encode())


def declaration(world: World) -> Erasure:
    rules: list[Rule] = []
    for key in world.keys:
        if key.rule == "delete":
            rules.append(Delete(f"t{key.child}", via=key.column))
        elif key.rule == "anonymise":
            rules.append(Anonymise(f"t{key.child}", {key.column: None, "mark": None}, via=key.column))
    # Some lead nowhere from the person, and a rule without effect stops: only those that are needed are given.
    near: set[int] = set()
    found = {0}
    while found:
        near |= found
        on = [key for key in world.keys if key.rule != "nothing" or key.action == "CASCADE"]  # not into rows of others
        found = {key.child for key in on if key.parent in near} - near
    return Erasure("t0", [rule for rule in rules if _leads(rule, world, near)])


def _leads(rule: Rule, world: World, near: set[int]) -> bool:
    return any(key.parent in near and key.column == getattr(rule, "via", None) for key in world.keys)


def contents(world: World, connection: psycopg.Connection) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for table in range(world.tables):
        names = list(world.rows[table][0])
        rows = connection.execute(f"SELECT {', '.join(names)} FROM t{table} ORDER BY id".encode()).fetchall()
        found[table] = [dict(zip(names, row, strict=True)) for row in rows]
    return found


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.url("psycopg"), poolclass=NullPool)
    yield engine
    engine.dispose()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=worlds())
def test_only_what_has_to_go_is_gone(database: Database, engine: Engine, world: World) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        create(world, connection)
        declared = declaration(world)
        counted = preview(engine, declared, PERSON)
        assert counted.stops == ()
        assert contents(world, connection) == world.rows
        outcome = erase(engine, declared, PERSON, secret=SECRET)
        assert outcome.tables == counted.tables
        left = expected(world)
        assert contents(world, connection) == left
        assert erase(engine, declared, PERSON, secret=SECRET).rows == 0
        assert contents(world, connection) == left
