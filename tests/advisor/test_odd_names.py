"""One odd name or statement costs only itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer
from pgwright.model.names import quote
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.twin.twin import Twin, open_twin
from tests.support.builders import make_statement
from tests.support.database import Database

NAMES = ["a\rb", "a\nb", "tab\there", 'quo"te', "it's", "back\\slash", "semi;colon", "per%cent", "br{ace}s", "ünï code",
         "$1", "dollar$$", "-- dash", "/* star", "SELECT", "\u202eright", "x" * 63, "a.b", " "]  # fmt: skip
WHOLE = Goal(deadline_seconds=20)


@pytest.fixture(scope="module")
def snapshot(server: EmbeddedServer) -> Iterator[Snapshot]:
    server.create_database("odd_names", template="template1")
    database = Database(server, "odd_names")
    for name in NAMES:
        table, column = quote(name), quote(f"{name}c"[-63:])
        database.execute(f"""
            CREATE TABLE {table} (id int PRIMARY KEY, {column} int, filler text);
            INSERT INTO {table} SELECT i, i, repeat('x', 90) FROM generate_series(1, 3000) i
        """)
    database.execute("VACUUM ANALYZE")
    yield read_snapshot(database.dsn)
    server.drop_database("odd_names")


@pytest.fixture(scope="module")
def twin(snapshot: Snapshot, twin_server: EmbeddedServer) -> Iterator[Twin]:
    with open_twin(snapshot, twin_server) as built:
        yield built


def lookup(name: str) -> str:
    return f"SELECT filler FROM {quote(name)} WHERE {quote(f'{name}c'[-63:])} = $1"


def test_every_name_is_looked_at(snapshot: Snapshot, twin: Twin) -> None:
    asked = replace(
        snapshot, statements=tuple(make_statement(lookup(name), query_id=n) for n, name in enumerate(NAMES))
    )
    advice = advise(asked, WHOLE, twins=[twin])
    assert advice.unplanned == ()
    assert {one.definition.table.name for one in advice.indexes} == set(NAMES)


@pytest.mark.parametrize(
    "odd",
    [
        "SELECT '\x00' FROM odd",
        'SELECT filler FROM "a\rb" WHERE \x00',
        "SELECT \ud800 FROM x",
        "SELECT 1 FROM odd WHERE " + "(" * 3000 + "1" + ")" * 3000 + " = 1",
        'SELECT filler FROM "it\'s" WHERE id = $99999',
        'SELECT filler FROM "it\'s" WHERE id = $0',
        "SELECT $1 $2 $3",
        "",
        "\ufeffSELECT 1",
        'SELECT filler FROM "it\'s" WHERE id = 1; DROP TABLE "it\'s"',
        "EXPLAIN ANALYZE SELECT 1",
        'SELECT filler FROM "it\'s" WHERE nofunction(id) = $1',
        'SELECT filler FROM "it\'s", (VALUES ($1, $2), ($3)) v WHERE id = v.x',
        'SELECT * FROM unnest($1, $2) AS u(a, b) JOIN "it\'s" i ON i.id = u.a AND i.filler > u.b::jsonb',
    ],
)
def test_an_odd_statement_keeps_no_other_from_being_looked_at(snapshot: Snapshot, twin: Twin, odd: str) -> None:
    asked = replace(snapshot, statements=(make_statement(odd, query_id=1), make_statement(lookup("a\rb"), query_id=2)))
    advice = advise(asked, WHOLE, twins=[twin])
    assert [one.definition.table.name for one in advice.indexes] == ["a\rb"]
    assert len(advice.unplanned) <= 1
