"""The types that GIN and GiST hold by value: each is found by the planner, and no other is said to be."""

from __future__ import annotations

import psycopg
import pytest

from pgwright.indexes.coverage import serves_equality
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

SCALARS = (
    "int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid", "date", "time", "timetz", "timestamp",
    "timestamptz", "interval", "text", "varchar", "bpchar", "bytea", "bit", "varbit", "uuid", "macaddr", "macaddr8",
    "bool",
)  # fmt: skip
PARTS = ("jsonb", "tsvector", "int4range", "point", "_int4", "box")
# Not in each version of them.
UNKNOWN = {("gist", "money"), ("gist", "bool"), ("gist", "timetz"), ("gist", "macaddr8")}


@pytest.mark.parametrize("method", ["gin", "gist"])
def test_values_are_found_by_gin_and_gist(database: Database, method: str) -> None:
    database.execute("CREATE EXTENSION btree_gin; CREATE EXTENSION btree_gist")
    made = {kind for kind in (*SCALARS, *PARTS) if _is_made(database, method, kind)}
    snapshot = read_snapshot(database.dsn)
    tables = {table.name.name: table for table in snapshot.tables}
    said = {
        index.name.name.removeprefix("i_")
        for index in snapshot.indexes
        if serves_equality(index.definition, ("x",), tables[index.table.name])
    }
    with psycopg.connect(database.dsn) as connection:
        connection.execute("SET enable_seqscan = off")
        used = {kind for kind in made if _is_used(connection, kind)}
    assert {kind for kind in SCALARS if (method, kind) not in UNKNOWN} <= said
    assert said <= used


def _is_made(database: Database, method: str, kind: str) -> bool:
    """Make a table of the type with an index, where there is a class for it."""
    database.execute(f"CREATE TABLE t_{kind} (x pg_catalog.{kind})")
    try:
        database.execute(f"CREATE INDEX i_{kind} ON t_{kind} USING {method} (x)")
    except psycopg.errors.UndefinedObject:
        return False
    return True


def _is_used(connection: psycopg.Connection, kind: str) -> bool:
    try:
        with connection.transaction():
            select = f"SELECT FROM t_{kind} WHERE x = (SELECT min(x::text)::pg_catalog.{kind} FROM t_{kind})"
            plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {select}".encode()))
    except psycopg.errors.UndefinedFunction:  # a point has no "="
        return False
    return f"i_{kind}" in plan and "Index Cond" in plan
