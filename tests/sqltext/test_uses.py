"""Which uses of a column bear another type of it."""

from __future__ import annotations

import pytest

from pgwright.model.names import QualifiedName
from pgwright.sqltext import Schema, read_uses

A, B = (QualifiedName("public", name) for name in "ab")
SCHEMA = Schema({A: frozenset({"id", "name", "b_id"}), B: frozenset({"id", "name", "n"})})


def computed(text: str) -> set[str]:
    return {f"{use.table.name}.{use.column}" for use in read_uses(text, SCHEMA).computed}


def compared(text: str) -> set[tuple[str, ...]]:
    pairs = read_uses(text, SCHEMA).compared
    return {tuple(sorted(f"{use.table.name}.{use.column}" for use in pair)) for pair in pairs}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, b_id FROM a WHERE id = $1 AND b_id IN ($2, $3) ORDER BY id",
        "SELECT * FROM a WHERE id = $1::varchar OR b_id = ANY($2::text[])",
        "SELECT id, ARRAY[]::text[] FROM a",
        "SELECT id FROM a WHERE b_id IS NULL AND (name, id) > ($1, $2) GROUP BY id",
        "SELECT count(DISTINCT id), array_agg(id), json_build_object('id', id) FROM a",
        "SELECT lower(id::text), 'x' || id::text FROM a",
        "INSERT INTO a (id, b_id) VALUES ($1, $2), ($3::varchar, DEFAULT)",
        "INSERT INTO a VALUES ($1, $2, $3)",
        "INSERT INTO a (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET b_id = excluded.b_id RETURNING id",
        "UPDATE a SET b_id = $1 WHERE id BETWEEN $2 AND $3",
        "SELECT row_number() OVER (PARTITION BY b_id ORDER BY id) FROM a",
        "SELECT id FROM a WHERE EXISTS (SELECT lower(name) FROM b WHERE b.id = a.b_id)",
    ],
)
def test_bears_another_type(text: str) -> None:
    assert computed(text) & {"a.id", "a.b_id", "b.id"} == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM a WHERE id = md5($1)", {"a.id"}),
        ("SELECT * FROM a WHERE md5(name) = id", {"a.id", "a.name"}),
        ("SELECT * FROM a WHERE id IN ($1, md5($2))", {"a.id"}),
        ("SELECT * FROM a WHERE id LIKE $1 OR b_id ~ $2", {"a.id", "a.b_id"}),
        ("SELECT upper(id), coalesce(b_id, $1) FROM a", {"a.id", "a.b_id"}),
        ("SELECT b_id || $1, NULLIF(id, $2) FROM a", {"a.id", "a.b_id"}),
        ("SELECT CASE WHEN name = $1 THEN id ELSE name END FROM a", {"a.id", "a.name"}),
        ('SELECT id FROM a ORDER BY id COLLATE "C"', {"a.id"}),
        ("SELECT id FROM a UNION SELECT name FROM b", {"a.id", "b.name"}),
        ("SELECT min(x.k) FROM (SELECT id AS k FROM a) x", {"a.id"}),
        ("WITH x (k) AS (SELECT id FROM a) SELECT max(k) FROM x", {"a.id"}),
        ("SELECT * FROM a JOIN b ON b.name = a.id::text", {"b.name"}),
        ("INSERT INTO a (id, b_id) VALUES (md5($1), $2)", {"a.id"}),
        ("INSERT INTO a (id) SELECT md5(name) FROM b", {"a.id", "b.name"}),
        ("INSERT INTO b SELECT * FROM b", {"b.id", "b.n", "b.name"}),
        ("UPDATE a SET b_id = lower(b_id) WHERE id = $1", {"a.b_id"}),
        ("SELECT * FROM a WHERE id IN (SELECT lower(name) FROM b)", {"a.id", "b.name"}),
        ("SELECT * FROM a, b WHERE a.name::int = b.n", {"a.name", "b.n"}),
        ("SELECT ARRAY[id, $1] FROM a", {"a.id"}),
    ],
)
def test_its_type_decides(text: str, expected: set[str]) -> None:
    assert computed(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM a JOIN b ON b.id = a.b_id", {("a.b_id", "b.id")}),
        ("SELECT * FROM a, b WHERE a.name = $1 OR b.id = a.b_id", {("a.b_id", "b.id")}),
        ("SELECT * FROM a WHERE b_id IN (SELECT id FROM b WHERE n = 1)", {("a.b_id", "b.id")}),
        ("SELECT * FROM a, b WHERE (a.b_id, a.name) = (b.id, b.name)", {("a.b_id", "b.id"), ("a.name", "b.name")}),
        ("INSERT INTO a (b_id) SELECT b.id FROM b", {("a.b_id", "b.id")}),
        (
            "UPDATE a SET b_id = b.id FROM b WHERE a.name = $1",
            {
                ("a.b_id", "b.id"),
            },
        ),
    ],
)
def test_two_columns_that_need_one_type(text: str, expected: set[tuple[str, str]]) -> None:
    assert compared(text) == expected
