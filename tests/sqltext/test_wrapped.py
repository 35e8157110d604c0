"""Columns that a comparison hides from the indexes on them."""

from __future__ import annotations

import pytest

from pgwright.sqltext import Wrapped
from tests.support.statements import a, block


@pytest.mark.parametrize(
    ("condition", "wrapped"),
    [
        ("lower(x.a) = $1", Wrapped(a("a"), "lower(a)", "=", "lower")),
        ("date_trunc($1, a) >= $2", Wrapped(a("a"), "date_trunc($1, a)", "range", "date_trunc")),
        ("a::text IN ($1, $2)", Wrapped(a("a"), "CAST(a AS text)", "in", cast_to="text")),
        ("a::date BETWEEN $1 AND $2", Wrapped(a("a"), "CAST(a AS date)", "range", cast_to="date")),
        ("$1 < a + 1", Wrapped(a("a"), "a + 1", "range")),
        ("(b = 3 OR lower(a) = $1)", Wrapped(a("a"), "lower(a)", "=", "lower")),
    ],
)
def test_a_cast_a_function_and_a_computation_hide_it(condition: str, wrapped: Wrapped) -> None:
    assert block(f"SELECT 1 FROM t x WHERE {condition}").wrapped == (wrapped,)


@pytest.mark.parametrize(
    "condition",
    [
        "a = lower($1)",
        "a = $1::date",
        "lower(a) = lower(b)",
        "lower(a) LIKE $1",
        "lower(a) <> $1",
        "a ->> 'kind' = $1",
        "greatest_of(a, b) = $1",
    ],
)
def test_what_no_index_of_one_column_would_serve_is_left_out(condition: str) -> None:
    assert block(f"SELECT 1 FROM t WHERE {condition}").wrapped == ()


def test_a_join_is_left_out() -> None:
    assert block("SELECT 1 FROM t JOIN u ON u.id::text = t.a").wrapped == ()
