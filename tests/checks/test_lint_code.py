"""The builders of safe code: what they print is Python, and SQLAlchemy takes its texts as they stand."""

from __future__ import annotations

import ast

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from pgwright.checks.lint_code import autocommit, concurrent_index, execute, range_inside, range_outside, text_literal


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT 'a :b c'",
        "SELECT data::jsonb",
        'SELECT "Order" FROM t',
        "SELECT 'it''s', \"x\"",
        "SELECT E'a\\\\b'",
        'SELECT "x"',
        "SELECT 1\nFROM t",
        'SELECT """"',
        f"SELECT {'1, ' * 60} 2",
    ],
)
def test_a_literal_gives_the_same_sql_to_the_server(sql: str) -> None:
    value = ast.literal_eval(text_literal(sql))
    dialect = postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
    sent = str(text(value).compile(dialect=dialect))
    assert sent.replace("%%", "%") == sql


def test_code_is_python() -> None:
    code = autocommit(execute("SELECT 1"), concurrent_index("CREATE INDEX ix ON note (title)", "ix", "note"))
    assert ast.parse(code)


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        ("FROM ('a') TO ('b')", "at IS NOT NULL AND at >= 'a' AND at < 'b'", "at IS NULL OR at < 'a' OR at >= 'b'"),
        ("FROM (1) TO (MAXVALUE)", "at IS NOT NULL AND at >= 1", "at IS NULL OR at < 1"),
        ("FROM ('a', 1) TO ('b', 2)", "", ""),
    ],
)
def test_the_bounds_of_a_partition_as_a_condition(bounds: str, inside: str, outside: str) -> None:
    statement = f"CREATE TABLE q PARTITION OF p FOR VALUES {bounds}"
    assert range_inside(statement, "RANGE (at)") == inside
    assert range_outside(statement, "RANGE (at)") == outside
    assert range_inside(statement, "LIST (at)") == ""
