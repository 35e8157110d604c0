"""Constants and parameters of the log, read back into the numbering of the workload."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgwright.logs.parameters import read_parameters
from pgwright.logs.values import is_same, read_values
from tests.support.database import Database

# What no log of UTF-8 holds, and the sign of a value that could not be decoded.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd")), st.text("a'$1 =,.\n\t\\")
)
VALUES = st.one_of(
    st.none(), TEXTS, st.integers(-(2**63), 2**63 - 1), st.decimals(allow_nan=False, allow_infinity=False).filter(bool)
)
TEMPLATES = (
    "SELECT a FROM t WHERE b = {} AND c <> {} LIMIT {}",
    "UPDATE t SET a = {} WHERE b IN ({}, {})",
    "INSERT INTO t (a, b, c) VALUES ({}, coalesce({}, 1), CAST({} AS text))",
    "WITH x AS (SELECT {} AS n) SELECT * FROM t JOIN x ON t.a = x.n AND t.b BETWEEN {} AND {}",
    "SELECT CASE WHEN a = {} THEN 1.5 ELSE b END FROM t WHERE c = ANY (ARRAY[{}, {}]) ORDER BY 1",
)


def literal(value: object) -> str:
    if value is None:
        return "NULL"
    return (
        "'" + value.replace("'", "''") + "'"
        if isinstance(value, str)
        else format(value, "f" if "E" in str(value) else "")
    )


def in_text(value: object) -> str | None:
    return None if value is None else literal(value).strip("'") if not isinstance(value, str) else value


@given(st.sampled_from(TEMPLATES), st.lists(VALUES, min_size=3, max_size=3))
def test_literals_of_any_value(template: str, values: Sequence[object]) -> None:
    known = template.format("$1", "$2", "$3").replace("1.5", "$4").replace(", 1)", ", $4)")
    text = template.format(*map(literal, values))
    found = read_values(known, text, {})
    assert found is not None
    assert found[:3] == tuple(map(in_text, values))


@given(st.lists(st.one_of(st.none(), TEXTS.filter(lambda text: not text.endswith("..."))), min_size=3, max_size=3))
def test_parameters_of_any_value_in_any_numbering(values: Sequence[str | None]) -> None:
    detail = "Parameters: " + ", ".join(f"${n} = {literal(value)}" for n, value in enumerate(values, start=1))
    parameters = read_parameters(detail)
    assert parameters == dict(enumerate(values, start=1))
    known, text = (
        "SELECT a FROM t WHERE b = $2 AND c = $3 AND d = $1",
        "SELECT a FROM t WHERE b = $1 AND c = $3 AND d = $2",
    )
    assert read_values(known, text, parameters) == (values[1], values[0], values[2])


@pytest.mark.parametrize(
    ("known", "text", "values"),
    [
        ("SELECT now() - interval $1", "SELECT now() - interval '1 day'", ("1 day",)),
        ("SELECT extract($1 FROM at) FROM t", "SELECT extract(year FROM at) FROM t", ("year",)),
        ("SELECT 1 WHERE a IN ($1 /*, ... */)", "SELECT 1 WHERE a IN (1, 'b,\"', $1)", ('{"1","b,\\"","x"}',)),
        ("SELECT 1 FROM t WHERE a NOT IN ($1 /*, ... */)", "SELECT 1 FROM t WHERE a NOT IN (1, 2)", ('{"1","2"}',)),
        ("SELECT $1, $2, $3", "SELECT true, B'101', X'1F'", ("true", "b101", "x1F")),
        ("SELECT a FROM t WHERE b = $1 OR c = $1", "SELECT a FROM t WHERE b = $1 OR c = $1", ("x",)),
        ("/* app */ SELECT $1 -- x", "select 5", ("5",)),
    ],
)  # fmt: skip
def test_forms_that_are_written_otherwise(known: str, text: str, values: tuple[str, ...]) -> None:
    assert read_values(known, text, {1: "x"}) == values
    assert is_same(known, text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE b = 1",
        "SELECT a FROM u WHERE b = 1 LIMIT 2",
        "SELECT a FROM t WHERE b = 1 + 1 LIMIT 2",
        "SELECT a FROM t WHERE b > 1 LIMIT 2",
        "SELECT a FROM t WHERE b IN (1) LIMIT 2",
        "SELECT a FROM t WHERE b = 1 LIMIT 2; SELECT 1",
        "SELECT a FROM t WHERE b = ",
    ],
)
def test_another_statement_has_no_values(text: str) -> None:
    known = "SELECT a FROM t WHERE b = $1 LIMIT $2"
    assert read_values(known, text, {}) is None
    assert not is_same(known, text)


def test_a_parameter_without_a_value_leaves_none() -> None:
    assert read_values("SELECT $1, $2", "SELECT $1, $2", {1: "x"}) is None


def test_what_the_server_itself_normalises(database: Database) -> None:
    """Each constant that it replaced is found again, whatever the server's version writes in its place."""
    database.execute("CREATE TABLE t (a int, b text, c numeric, at timestamptz, tags text[])")
    statements = {
        "SELECT a FROM t WHERE a = -5 AND b LIKE 'x%' AND c > 1.5 LIMIT 3 OFFSET 0": ("-5", "x%", "1.5", "3", "0"),
        "SELECT b FROM t WHERE at > now() - interval '1 day' AND a BETWEEN 1 AND 2": ("1 day", "1", "2"),
        "SELECT c FROM t WHERE tags @> ARRAY['a']::text[] OR b = 'it''s' OR b IS NULL": ("a", "it's"),
        "SELECT at FROM t WHERE at < timestamptz '2026-01-01' AND true": ("2026-01-01", "true"),
        "SELECT tags FROM t WHERE b = E'a\\nb' ORDER BY 1": ("a\nb",),
    }
    database.rows("SELECT pg_stat_statements_reset()")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
    known = [
        str(text) for (text,) in database.rows("SELECT query FROM pg_stat_statements WHERE query LIKE '%FROM t %'")
    ]
    for statement, values in statements.items():
        (own,) = [text for text in known if text.split()[1] == statement.split()[1]]
        assert read_values(own, statement, {}) == values, own
