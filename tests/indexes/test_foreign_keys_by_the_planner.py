"""Each kind of index of a referring column: what we say it serves is what the server's own look for children uses."""

from __future__ import annotations

from itertools import product

import psycopg

from pgwright.indexes.coverage import is_served, serves_foreign_key
from pgwright.snapshot import read_snapshot
from tests.support.database import Database

TYPES = ("int2", "int4", "int8")
INDEXES = {
    "btree": "(parent_id)",
    "filled": "(parent_id) WHERE parent_id IS NOT NULL",
    "hash": "USING hash (parent_id)",
    "gin": "USING gin (parent_id)",
    "gist": "USING gist (parent_id)",
    "brin": "USING brin (parent_id)",
}


def test_an_index_serves_a_foreign_key_only_if_it_finds_the_children_of_a_parent(database: Database) -> None:
    database.execute("CREATE EXTENSION btree_gin; CREATE EXTENSION btree_gist")
    cases = {
        f"{child}_{parent}_{kind}": (child, parent, kind) for child, parent, kind in product(TYPES, TYPES, INDEXES)
    }
    for name, (child, parent, kind) in cases.items():
        database.execute(f"""
            CREATE TABLE p_{name} (id {parent} PRIMARY KEY);
            CREATE TABLE c_{name} (parent_id {child} REFERENCES p_{name});
            CREATE INDEX i_{name} ON c_{name} {INDEXES[kind]}
        """)
    snapshot = read_snapshot(database.dsn)
    definitions = {index.name.name: index.definition for index in snapshot.indexes}
    keys = {key.table.name.removeprefix("c_"): key for key in snapshot.foreign_keys}
    said = {name for name, key in keys.items() if serves_foreign_key(definitions[f"i_{name}"], key, snapshot)}
    served = {name for name, key in keys.items() if is_served(snapshot, key)}
    with psycopg.connect(database.dsn) as connection:
        connection.execute("SET enable_seqscan = off")
        used = {name for name, (_, parent, _) in cases.items() if _is_used(connection, name, parent)}
    assert said == served == {name for name in used if not name.endswith("_brin")}
    assert {kind for name in used for kind in INDEXES if name.endswith(kind)} == {*INDEXES}


def _is_used(connection: psycopg.Connection, name: str, parent: str) -> bool:
    """Tell whether the statement that a delete of a parent runs (ri_triggers.c) finds the children by the index."""
    select = f"SELECT 1 FROM ONLY c_{name} x WHERE 7::{parent} = x.parent_id FOR KEY SHARE OF x"
    plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {select}".encode()))
    return f"i_{name}" in plan and "Index Cond" in plan
